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
  /** What the places of the axis are, in the legend. */
  readonly xName?: string;
  readonly height?: number;
}

const COLOURS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6"];

export function Chart({
  label,
  kind,
  x,
  series,
  time = false,
  xName = "at",
  height = 280,
}: ChartProps): ReactNode {
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
      // Bars stand beside each other at places, whatever the places mean.
      const placed = kind === "bars" || x.some((value) => typeof value === "string");
      const labelAt = (at: number): string => placeLabel(x[at], time);
      const xs = placed ? x.map((_, index) => index) : (x as number[]);
      const data = [xs, ...series.map(({ values }) => values)] as unknown as AlignedData;
      const styles = getComputedStyle(place);
      const options: Options = {
        width: place.clientWidth,
        height,
        scales: {
          x: {
            time: time && !placed,
            ...(placed ? { range: [-0.5, Math.max(0.5, x.length - 0.5)] as [number, number] } : {}),
          },
        },
        axes: [axis(styles, placed ? labelAt : undefined), axis(styles)],
        series: [
          {
            label: xName,
            ...(placed ? { value: (_, value) => (value === null ? "" : labelAt(value)) } : {}),
          },
          ...series.map(({ name }, index) =>
            seriesOf(name, kind, colourOf(styles, index), UPlot, {
              at: index,
              of: series.length,
              places: x.length,
            }),
          ),
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
  }, [kind, x, series, time, xName, height, chosen]);
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

function placeLabel(value: number | string | undefined, time: boolean): string {
  if (time && typeof value === "number") return new Date(value * 1000).toISOString().slice(0, 10);
  return String(value ?? "");
}

/** Of the room that a place has, what its bars take together. */
const BARS_SHARE = 0.76;
/** uPlot's unit for shares of the plotted area. */
const SHARE_UNIT = 2;

interface Group {
  readonly at: number;
  readonly of: number;
  readonly places: number;
}

function seriesOf(
  label: string,
  kind: ChartKind,
  colour: string,
  UPlot: typeof UPlotClass,
  { at, of, places }: Group,
): Series {
  const common = { label, stroke: colour, width: 2 };
  if (kind === "line") return common;
  if (kind === "points")
    return { ...common, paths: () => null, points: { show: true, size: 5, fill: colour } };
  const width = BARS_SHARE / of / places;
  const starts = Array.from(
    { length: places },
    (_, index) => (index + (1 - BARS_SHARE) / 2) / places + at * width,
  );
  const disp = {
    x0: { unit: SHARE_UNIT, values: () => starts },
    size: { unit: SHARE_UNIT, values: () => starts.map(() => width) },
  };
  const bars = UPlot.paths.bars?.({ disp });
  return {
    ...common,
    width: 0,
    fill: colour,
    points: { show: false },
    ...(bars === undefined ? {} : { paths: bars }),
  };
}
