declare module "@alpinejs/csp" {
  interface AlpineStatic {
    data(name: string, component: (...args: never[]) => object): void;
    store(name: string, value?: unknown): unknown;
    start(): void;
  }
  const Alpine: AlpineStatic;
  export default Alpine;
}
declare module "@tabler/core/dist/js/tabler.esm.js";
