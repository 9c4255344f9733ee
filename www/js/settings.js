// The form: what a person chose.

/** Reads and locks the form. onData and onModel are called when those choices change. */
export class Settings {
  constructor(form, { onData, onModel }) {
    this.form = form;
    for (const radio of form.elements.data) radio.addEventListener('change', onData);
    for (const radio of form.elements.model) radio.addEventListener('change', onModel);
    form.elements.seed.addEventListener('change', onData);
    // A field in the closed part that is wrong must be seen, or the browser has nowhere to say so.
    form.addEventListener('invalid', ({ target }) => target.closest('details')?.setAttribute('open', ''), true);
    this.onData = onData;
    this.showOwnFiles();
  }

  /** limit is Infinity where all digits are wanted. */
  values() {
    const fields = this.form.elements;
    return {
      source: fields.data.value,
      model: fields.model.value,
      epochs: fields.epochs.valueAsNumber,
      batchSize: fields.batch.valueAsNumber,
      limit: fields.limit.value === '' ? Infinity : fields.limit.valueAsNumber,
      seed: fields.seed.valueAsNumber,
    };
  }

  /** Picks a source as if it had been pressed. */
  chooseData(source) {
    this.form.elements.data.value = source;
    this.onData();
  }

  /** A network was loaded: it is one more choice, and chosen. */
  withLoaded() {
    document.getElementById('loaded').hidden = false;
    this.form.elements.model.value = 'loaded';
  }

  /** The loaded network is gone. */
  withoutLoaded() {
    document.getElementById('loaded').hidden = true;
    if (this.form.elements.model.value === 'loaded') this.form.elements.model.value = 'cnn';
  }

  /** The file inputs are there only for one's own files. */
  showOwnFiles() {
    document.getElementById('drop').hidden = this.values().source !== 'own';
  }

  /** MNIST can't be had: it is no choice any more, and generated digits take its place. */
  withoutMnist() {
    const [mnist] = this.form.elements.data;
    mnist.disabled = true;
    document.getElementById('mnist-note').textContent = 'not on this server';
    this.form.elements.data.value = 'generated';
    this.showOwnFiles();
    this.mnistMissing = true;
  }

  lock(on) {
    for (const field of this.form.querySelectorAll('input')) field.disabled = on || (field.value === 'mnist' && this.mnistMissing === true);
  }
}
