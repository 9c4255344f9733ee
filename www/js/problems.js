// What the page says when something goes wrong: what happened, in calm words, and what to do next.

/** An error with words of the page's own; the engine's errors have a code and a message instead. */
export class PageProblem extends Error {
  constructor({ title, text, action, tone }, cause) {
    super(text, { cause });
    this.name = 'PageProblem';
    this.title = title;
    this.action = action;
    this.tone = tone;
  }
}

const RESTART = { label: 'Start again', does: 'restart' };
const RELOAD = { label: 'Reload the page', does: 'reload' };
const GENERATED = { label: 'Use generated digits', does: 'generated' };

// By TabgradError.code.
const BY_CODE = {
  engine_lost: {
    title: 'The engine stopped',
    text: 'The worker that trains has ended, perhaps because the browser needed its memory. Start again to get a new engine; training then begins anew.',
    action: RESTART,
  },
  out_of_memory: {
    title: 'The browser refused more memory',
    text: 'Close other tabs, or train on fewer digits or with a smaller batch (under Advanced), then start again.',
    action: RESTART,
  },
  diverged: {
    title: 'Training diverged',
    text: 'The loss was no longer a number, so training stopped. The weights of the last good epoch were kept. A smaller batch or another seed often helps.',
  },
  bad_wasm: {
    title: 'The engine could not be loaded',
    text: 'One of its files did not arrive as it should. If you serve this page yourself, check that the .wasm files lie beside it and that no rule answers with another page instead.',
    action: RELOAD,
  },
  bad_data: {
    title: 'These digits can’t be used',
    text: 'Choose other files, or train on generated digits.',
    action: GENERATED,
  },
  bad_format: {
    title: 'These files are no network',
    text: 'Choose a model’s .json together with the .bin files that it names, or one .safetensors file.',
  },
  not_found: {
    title: 'A part of the network is missing',
    text: 'Choose the .json and all .bin files that it names at once.',
  },
  quota_exceeded: {
    title: 'The browser has no room',
    text: 'Save the network as files instead.',
  },
  not_saved: {
    title: 'The network was not saved',
    text: 'The browser refused. Save it as files instead.',
  },
  unsupported: {
    title: 'This browser can’t run the engine',
    text: 'It needs WebAssembly with SIMD: any current Chrome, Edge, Firefox or Safari has it.',
  },
};

const UNKNOWN = {
  title: 'Something went wrong',
  text: 'That should not happen. Start again to get a new engine.',
  action: RESTART,
};

/** The panel. actions maps what a button does to a function. */
export class ProblemPanel {
  #panel = document.getElementById('problem');
  #title = document.getElementById('problem-title');
  #text = document.getElementById('problem-text');
  #detail = document.getElementById('problem-detail');
  #button = document.getElementById('problem-action');
  #does = null;

  constructor(actions) {
    this.#button.addEventListener('click', () => {
      const act = actions[this.#does];
      this.hide();
      act?.();
    });
    document.getElementById('problem-dismiss').addEventListener('click', () => this.hide());
  }

  /** Shows what a thrown thing means for the person in front of the page. */
  show(error) {
    const own = error instanceof PageProblem;
    const words = own ? { title: error.title, text: error.message, action: error.action } : BY_CODE[error?.code] ?? UNKNOWN;
    this.#panel.dataset.tone = (own && error.tone) || 'problem';
    this.#panel.dataset.code = own ? '' : error?.code ?? '';
    this.#title.textContent = words.title;
    this.#text.textContent = words.text;
    const detail = own ? error.cause?.message : error?.message ?? String(error);
    this.#detail.textContent = detail ?? '';
    this.#detail.hidden = !detail;
    this.#does = words.action?.does ?? null;
    this.#button.textContent = words.action?.label ?? '';
    this.#button.hidden = !words.action;
    this.#panel.hidden = false;
    this.#panel.scrollIntoView({ block: 'nearest' });
  }

  hide() {
    this.#panel.hidden = true;
  }
}

/** Problems that only the page can know of. */
export const problems = {
  missing: (cause) => new PageProblem({
    title: 'The engine’s files are missing',
    text: 'This page was served without them. Build the site first (make build), serve the folder www/dist, then reload.',
    action: RELOAD,
  }, cause),
  noMnist: () => new PageProblem({
    title: 'MNIST isn’t here',
    text: 'This server has no MNIST files (make mnist fetches them), so the page trains on digits that your browser draws itself.',
    tone: 'notice',
  }),
  otherNetwork: (cause) => new PageProblem({
    title: 'This network reads no digits',
    text: 'The page needs one that takes 28 × 28 pixels and answers ten probabilities.',
  }, cause),
  otherLayers: (cause) => new PageProblem({
    title: 'This network has parts that are not known here',
    text: 'tabgrad has not all the layers that TensorFlow.js and Keras have.',
  }, cause),
  files: (text, cause) => new PageProblem({ title: 'These files can’t be used', text, action: GENERATED }, cause),
};
