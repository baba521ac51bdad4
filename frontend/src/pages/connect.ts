import Alpine from "@alpinejs/csp";

/** Connecting an account: only what the chosen way of publishing needs is asked for, and what the choice means is said. */
Alpine.data("connect", () => ({
  mode: "",
  environment: "",
  init(): void {
    const chosen = (name: string): string => this.$root.querySelector<HTMLSelectElement>(`[name=${name}]`)?.value ?? "";
    this.mode = chosen("mode");
    this.environment = chosen("environment");
  },
  /** `modes`: those that ask for a field, separated by spaces. */
  unasked(modes: string): boolean {
    return !modes.split(" ").includes(this.mode);
  },
}));
