// A person's own files, chosen or dropped.

/** onChange is called when other files were chosen. version counts the choices. */
export class FilePicker {
  chosen = [];
  version = 0;
  #list;
  #onChange;

  constructor({ drop, input, list }, onChange) {
    this.#list = list;
    this.#onChange = onChange;
    input.addEventListener('change', () => this.#choose(input.files));
    drop.addEventListener('dragover', (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
    drop.addEventListener('dragleave', () => drop.classList.remove('over'));
    drop.addEventListener('drop', (event) => {
      event.preventDefault();
      drop.classList.remove('over');
      this.#choose(event.dataTransfer.files);
    });
  }

  #choose(files) {
    this.chosen = [...files];
    this.version++;
    this.#list.replaceChildren(...this.chosen.map((file) => {
      const item = document.createElement('li');
      item.textContent = file.name;
      return item;
    }));
    this.#onChange();
  }
}
