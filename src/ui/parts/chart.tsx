// Lines, bars or points over a common axis, by uPlot, which is loaded with the first chart. Colours are the tokens', so a chart
// follows the scheme; what it shows stands in a table beside it, for readers who do not see it.

import { type ReactNode, useEffect, useRef, useState } from "react";
import type UPlotClass from "uplot";
import type { AlignedData, Options, Series } from "uplot";
import { useStore } from "./store.ts";
import { theme } from "../shell/theme.ts";
import { Notice } from "./notice.tsx";

export type ChartKind = "line" | "bars" | "points";

export interface ChartProps {
  readonly label: string;
  readonly kind: ChartKind;
  /** Numbers, or seconds since 1970 where `time` is said; or names, one a place. */
  readonly x: readonly (number | string)[];
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  readonly time?: boolean;
  readonly height?: number;
}

const COLOURS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6"];

export function Chart({ label, kind, x, series, time = false, height = 280 }: ChartProps): ReactNode {
  const element = useRef<HTMLDivElement>(null);
  const chosen = useStore(theme);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const place = element.current;
    if (place === null) return undefined;
    let stopped = false;
    let stop = (): void => undefined;
    const draw = async (): Promise<void> => {
      const { default: UPlot } = await import("uplot");
      if (stopped) return;
      const named = x.some((value) => typeof value === "string");
      const xs = named ? x.map((_, index) => index) : (x as number[]);
      const data = [xs, ...series.map(({ values }) => values)] as unknown as AlignedData;
      const styles = getComputedStyle(place);
      const options: Options = {
        width: place.clientWidth,
        height,
        scales: { x: { time: time && !named } },
        axes: [axis(styles, named ? (value) => String(x[value] ?? "") : undefined), axis(styles)],
        series: [
          named ? { value: (_, value) => String(x[value] ?? "") } : {},
          ...series.map(({ name }, index) => seriesOf(name, kind, colourOf(styles, index), UPlot)),
        ],
      };
      const plot = new UPlot(options, data, place);
      const watcher = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height }));
      watcher.observe(place);
      stop = () => {
        watcher.disconnect();
        plot.destroy();
      };
    };
    draw().then(
      () => setFailed(false),
      () => setFailed(true),
    );
    return () => {
      stopped = true;
      stop();
    };
  }, [kind, x, series, time, height, chosen]);
  return (
    <figure className="chart" aria-label={label}>
      {failed && (
        <Notice tone="warn">The chart could not be drawn. Load the page again to try once more.</Notice>
      )}
      <div ref={element} />
    </figure>
  );
}

function colourOf(styles: CSSStyleDeclaration, index: number): string {
  return resolved(styles, COLOURS[index % COLOURS.length] ?? "--accent");
}

/** `light-dark()` is of use to the browser alone; a canvas wants the colour itself. */
function resolved(styles: CSSStyleDeclaration, token: string): string {
  const probe = document.createElement("span");
  probe.style.color = styles.getPropertyValue(token);
  probe.hidden = true;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function axis(
  styles: CSSStyleDeclaration,
  named?: (value: number) => string,
): NonNullable<Options["axes"]>[number] {
  const line = { stroke: resolved(styles, "--line"), width: 1 };
  return {
    stroke: resolved(styles, "--ink-soft"),
    font: `12px ${styles.fontFamily}`,
    grid: line,
    ticks: line,
    ...(named === undefined
      ? {}
      : {
          values: (_, splits: number[]) =>
            splits.map((split) => (Number.isInteger(split) ? named(split) : "")),
        }),
  };
}

function seriesOf(label: string, kind: ChartKind, colour: string, UPlot: typeof UPlotClass): Series {
  const common = { label, stroke: colour, width: 2 };
  if (kind === "line") return common;
  if (kind === "points")
    return { ...common, paths: () => null, points: { show: true, size: 5, fill: colour } };
  const bars = UPlot.paths.bars?.({ size: [0.7, 60] });
  return { ...common, fill: colour, points: { show: false }, ...(bars === undefined ? {} : { paths: bars }) };
}
