import { BarChart, ScatterChart } from "echarts/charts";
import { AriaComponent, GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { type ECharts, type EChartsCoreOption, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { looks } from "./looks";
import { columns, common, rows } from "./options";
import { steps } from "./steps";
import { type Figures, read } from "./table";

use([BarChart, ScatterChart, GridComponent, TooltipComponent, MarkLineComponent, AriaComponent, CanvasRenderer]);

/** One figure's picture: drawn from its table, again when the theme or its width changes. */
export class Picture {
  private readonly host = document.createElement("div");
  private readonly chart: ECharts;
  private readonly sizes = new ResizeObserver(() => this.fit());
  private readonly themes = new MutationObserver(() => this.draw());
  private width = 0;

  constructor(private figure: HTMLElement) {
    this.host.className = "chart-canvas";
    this.place();
    this.chart = init(this.host, null, { renderer: "canvas" });
    this.draw();
    this.sizes.observe(this.host);
    this.themes.observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  }

  get connected(): boolean {
    return this.host.isConnected;
  }

  /** The same canvas in the figure that took the first one's place, with what its table says now. */
  moveTo(figure: HTMLElement): void {
    this.figure = figure;
    this.place();
    this.chart.resize();
    this.draw();
  }

  /** Drawn anew only when its width has changed, and never while it is not to be seen. */
  fit(): void {
    const { clientWidth } = this.host;
    if (clientWidth === 0 || clientWidth === this.width) return;
    this.width = clientWidth;
    this.chart.resize();
    this.draw();
  }

  dispose(): void {
    this.sizes.disconnect();
    this.themes.disconnect();
    this.chart.dispose();
  }

  private place(): void {
    const holder = this.figure.querySelector<HTMLElement>(".chart-picture");
    const lines = this.figure.querySelectorAll("tbody tr").length;
    this.host.style.height = this.figure.dataset.chart === "columns" ? "" : `${Math.max(3, lines) * 22 + 48}px`;
    holder?.replaceChildren(this.host);
    this.width = this.host.clientWidth;
  }

  private draw(): void {
    const table = this.figure.querySelector<HTMLTableElement>("table");
    if (!table || this.host.clientWidth === 0) return;
    const figures = read(table);
    const look = looks(this.figure);
    const options = { ...common(figures, look, this.description()), ...this.kind(figures, look) };
    this.chart.setOption(options as EChartsCoreOption, { notMerge: true });
  }

  private kind(figures: Figures, look: ReturnType<typeof looks>): EChartsCoreOption {
    if (this.figure.dataset.chart === "rows") return rows(figures, look);
    if (this.figure.dataset.chart === "steps") return steps(figures, look, (seconds) => this.duration(seconds));
    return columns(figures, look);
  }

  private description(): string {
    return this.figure.querySelector<HTMLElement>(".chart-picture")?.dataset.description ?? "";
  }

  /** 30 秒, 5 分, 4 时, 7 天: the words stand at the figure. */
  private duration(seconds: number): string {
    const { second = "", minute = "", hour = "", day = "" } = this.figure.dataset;
    if (seconds < 60) return `${seconds} ${second}`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} ${minute}`;
    if (seconds < 86400) return `${Math.round(seconds / 3600)} ${hour}`;
    return `${Math.round(seconds / 86400)} ${day}`;
  }
}
