import "../charts/charts.css";
import Alpine from "@alpinejs/csp";
import type { Picture } from "../charts/drawing";

/**
 * A chart is a <figure data-chart="columns|rows|steps"> around a <table> (templates/_charts.html): the table is the truth,
 * the picture is drawn from it. Without scripts, on paper and to screen readers there is the table.
 * Pages import this module; ECharts itself comes as a chunk of its own when there is a figure to draw.
 */

type Shown = "picture" | "table";

// By the figure's id: a figure fetched afresh takes over the canvas of the one it replaces, so that nothing flickers.
const pictures = new Map<string, Picture>();
const chosen = new Map<string, Shown>();

Alpine.data("chart", () => ({
  ready: false,
  shown: "picture" as Shown,
  get pictured(): boolean {
    return this.shown === "picture";
  },
  get tabled(): boolean {
    return this.shown === "table";
  },
  init(): void {
    const figure = this.$root;
    this.shown = chosen.get(figure.id) ?? "picture";
    figure.dataset.shows = this.shown;
    const known = pictures.get(figure.id);
    if (known) {
      known.moveTo(figure);
      this.drawn();
      return;
    }
    import("../charts/drawing").then(
      ({ Picture }) => {
        if (!figure.isConnected || pictures.has(figure.id)) return;
        pictures.set(figure.id, new Picture(figure));
        this.drawn();
      },
      () => {
        figure.dataset.shows = "table";
      },
    );
  },
  drawn(): void {
    this.ready = true;
    this.$root.dataset.ready = "";
  },
  show(what: Shown): void {
    this.shown = what;
    chosen.set(this.$root.id, what);
    this.$root.dataset.shows = what;
    if (what === "picture") pictures.get(this.$root.id)?.fit();
  },
}));

document.addEventListener("htmx:afterSettle", () => {
  for (const [id, picture] of pictures) {
    if (picture.connected) continue;
    picture.dispose();
    pictures.delete(id);
  }
});
