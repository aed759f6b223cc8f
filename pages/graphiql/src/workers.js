// Monaco parses and validates in web workers. They lie beside the bundle, so the page asks no other host for them.
const folder = new URL(".", document.currentScript.src);
const names = WORKER_FILES; // label → file name with its content hash; the build fills it in

globalThis.MonacoEnvironment = {
  getWorker(_id, label) {
    return new Worker(new URL(names[label] ?? names.editor, folder));
  },
};
