import type { EChartsCoreOption } from "echarts/core";
import { type Looks } from "./looks";
import { namedRows } from "./options";
import type { Figures } from "./table";

/**
 * The tandem bar of many posts: on each row the platforms' dots at their seconds after the first, joined by a bar.
 * Seconds stand on a logarithmic axis, since two matter as much as ten minutes. The first series is a dot, the second
 * a ring, so that both are seen when they fall on one place.
 */

// Where the axis is marked when all are close together, and when some are far apart.
const NEAR = [0, 1, 3, 10, 30, 60, 120];
const FAR = [0, 5, 60, 600, 3600, 14400, 86400, 604800];
const place = (seconds: number): number => Math.log10(1 + seconds);

export function steps(figures: Figures, look: Looks, words: (seconds: number) => string): EChartsCoreOption {
  const last = figures.labels.map((_label, at) => Math.max(0, ...figures.series.flatMap((each) => each.points[at].values)));
  const most = Math.max(3, ...last);
  const marks = most <= 120 ? NEAR : FAR;
  const end = marks.find((tick) => tick >= most) ?? most;
  const ticks = marks.filter((tick) => tick <= end);
  return {
    grid: { left: 4, right: 16, top: 4, bottom: 4, containLabel: true },
    xAxis: {
      type: "value",
      min: -0.04,
      max: place(end),
      axisTick: { show: false, customValues: ticks.map(place) },
      axisLabel: {
        color: look.muted,
        hideOverlap: true,
        customValues: ticks.map(place),
        formatter: (at: number) => words(Math.round(10 ** at - 1)),
      },
      splitLine: { show: false },
    },
    yAxis: namedRows(figures, look),
    series: [
      {
        type: "bar",
        silent: true,
        barWidth: 3,
        data: last.map((seconds) => ({
          value: place(seconds),
          itemStyle: { color: seconds > 0 ? look.colour("green") : "transparent", borderRadius: 2 },
        })),
      },
      ...figures.series.map((series, number) => ({
        name: series.name,
        type: "scatter",
        // The ring lies under the dot.
        z: 4 - number,
        symbolSize: number === 0 ? 8 : 13,
        itemStyle:
          number === 0
            ? { color: look.colour(series.colour), opacity: 1 }
            : { color: look.surface, borderColor: look.colour(series.colour), borderWidth: 2.5, opacity: 1 },
        data: series.points.flatMap((point, at) => point.values.map((seconds) => [place(seconds), at])),
      })),
    ],
  };
}
