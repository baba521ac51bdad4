import type { EChartsCoreOption } from "echarts/core";
import { type Looks, stripes } from "./looks";
import type { Figures, Point, Series } from "./table";

/** The parts that all kinds share, and columns (one group for each row of the table) and rows (one bar for each). */

type Hovered = { dataIndex: number };

export function common(figures: Figures, look: Looks, description: string): EChartsCoreOption {
  return {
    animation: !look.still,
    animationDuration: 120,
    animationDurationUpdate: 120,
    useUTC: true,
    textStyle: { fontFamily: look.font, fontSize: 12, color: look.ink },
    aria: { enabled: true, label: { description } },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: look.surface,
      borderColor: look.line,
      borderWidth: 1,
      padding: [6, 10],
      textStyle: { color: look.ink, fontFamily: look.font, fontSize: 12 },
      axisPointer: { type: "shadow", shadowStyle: { color: look.line, opacity: 0.4 } },
      formatter: (hovered: Hovered | Hovered[]) => told(figures, Array.isArray(hovered) ? hovered[0] : hovered),
    },
  };
}

/** One row of the table in words. */
function told(figures: Figures, at: Hovered | undefined): string {
  if (!at) return "";
  const said = figures.series.map((series) => `${series.name}  ${series.points[at.dataIndex].text}`);
  return [figures.labels[at.dataIndex], ...said].join("\n");
}

export function columns(figures: Figures, look: Looks): EChartsCoreOption {
  return {
    grid: { left: 4, right: 8, top: 12, bottom: 4, containLabel: true },
    xAxis: {
      type: "category",
      data: figures.labels,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: look.line } },
      axisLabel: { color: look.muted, hideOverlap: true, formatter: (_label: string, at: number) => figures.shorts[at] },
    },
    yAxis: {
      type: "value",
      minInterval: 1,
      splitNumber: 3,
      axisLabel: { color: look.muted },
      splitLine: { lineStyle: { color: look.line } },
    },
    series: figures.series.map((series) => ({
      name: series.name,
      type: "bar",
      stack: figures.stacked ? "all" : undefined,
      barMaxWidth: figures.stacked ? 18 : 10,
      barGap: "10%",
      data: series.points.map((point) => bar(point, series, look)),
    })),
  };
}

export function rows(figures: Figures, look: Looks): EChartsCoreOption {
  const [series] = figures.series;
  const marked = figures.line === null ? undefined : markedAt(figures.line, figures.lineWords, look);
  return {
    grid: { left: 4, right: look.narrow ? 72 : 96, top: figures.line === null ? 4 : 22, bottom: 4, containLabel: true },
    xAxis: {
      type: "value",
      minInterval: 1,
      splitNumber: look.narrow ? 3 : 5,
      max: figures.line === null ? undefined : (range: { max: number }) => Math.max(Math.ceil(range.max / 5) * 5, (figures.line ?? 0) + 6),
      axisLabel: { color: look.muted, hideOverlap: true },
      splitLine: { lineStyle: { color: look.line } },
    },
    yAxis: namedRows(figures, look),
    series: [
      {
        name: series.name,
        type: "bar",
        barMaxWidth: 14,
        data: series.points.map((point) => ({ ...bar(point, series, look), value: point.values[0] ?? 0 })),
        label: {
          show: true,
          position: "right",
          color: look.ink,
          fontFamily: look.font,
          // The line goes behind the words, not through them.
          backgroundColor: look.surface,
          padding: [2, 4],
          distance: 2,
          formatter: (at: Hovered) => series.points[at.dataIndex].text.split(" · ")[0],
        },
        markLine: marked,
      },
    ],
  };
}

export function namedRows(figures: Figures, look: Looks): object {
  return {
    type: "category",
    inverse: true,
    data: figures.labels,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: look.line } },
    axisLabel: {
      color: look.ink,
      interval: 0,
      width: look.narrow ? 96 : 168,
      overflow: "truncate",
      formatter: (_label: string, at: number) => figures.shorts[at],
    },
  };
}

function bar(point: Point, series: Series, look: Looks): { value: number | null; itemStyle: object } {
  const striped = point.striped || series.striped;
  return {
    value: point.values[0] ?? null,
    itemStyle: {
      color: look.colour(point.colour),
      borderRadius: 2,
      decal: striped ? stripes(look.surface) : undefined,
    },
  };
}

function markedAt(value: number, words: string, look: Looks): object {
  return {
    silent: true,
    // Under the bars and their words.
    z: 1,
    symbol: "none",
    lineStyle: { color: look.colour("red"), type: "solid", width: 2 },
    label: { formatter: words, color: look.colour("red"), position: "start", fontFamily: look.font, distance: 6 },
    data: [{ xAxis: value }],
  };
}
