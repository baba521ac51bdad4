declare module "@alpinejs/csp" {
  /** What Alpine adds to every component's `this`. */
  interface Magics {
    readonly $el: HTMLElement;
    readonly $root: HTMLElement;
    readonly $refs: Record<string, HTMLElement | undefined>;
    $nextTick(callback?: () => void): Promise<void>;
    $watch<T>(property: string, callback: (value: T, before: T) => void): void;
  }
  interface AlpineStatic {
    data<T extends object>(name: string, component: () => T & ThisType<T & Magics>): void;
    store(name: string, value?: unknown): unknown;
    start(): void;
  }
  const Alpine: AlpineStatic;
  export default Alpine;
}
declare module "@tabler/core/dist/js/tabler.esm.js";
