// A table of any number of rows, of which those in sight are in the page: sorts, searches, exports what it shows, opens a row
// whole. Rows have one height, so where each stands is arithmetic. Sort and search are in the URL.

import { type CSSProperties, type ReactNode, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import { setParams, useParams } from "../../shell/router.ts";
import { csvText } from "../csv.ts";
import { saveFile } from "../save-file.ts";
import { counted } from "../words.ts";
import { textOf } from "./cells.ts";
import { RecordDialog } from "./record-dialog.tsx";
import { type Column, filteredBy, nextSort, rangeInSight, sortedBy, widthOf } from "./rows.ts";

export interface ShownColumn<Row> extends Column<Row> {
  /** What stands in the cell, where it is more than its text. */
  readonly show?: (row: Row) => ReactNode;
}

interface DataGridProps<Row> {
  /** Names the table: to a screen reader, in the URL, and the file it is exported to. */
  readonly name: string;
  readonly columns: readonly ShownColumn<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row, index: number) => string;
  /** The path of the SQL that makes it. */
  readonly sqlPath?: string | undefined;
  /** What Enter or a click on a row does; it shows the row whole unless given. */
  readonly onOpen?: (row: Row) => void;
  /** What else is done with a row, where it is shown whole. */
  readonly actions?: (row: Row, close: () => void) => ReactNode;
  /** Rows that are shown at once; the others are scrolled to. */
  readonly rowsShown?: number;
  /** What stands beside the search field. */
  readonly tools?: ReactNode;
}

const ROW_PX = 30;
const PAGE_ROWS = 10;

export function DataGrid<Row>(props: DataGridProps<Row>): ReactNode {
  const { name, columns, rows, rowKey, sqlPath, onOpen, actions, rowsShown = 14, tools } = props;
  const param = name.replaceAll(/\W+/g, "-");
  const params = useParams();
  const sort = params.get(`${param}.sort`) ?? undefined;
  const find = params.get(`${param}.find`) ?? "";
  const found = useMemo(() => filteredBy(rows, columns, find), [rows, columns, find]);
  const shown = useMemo(() => sortedBy(found, columns, sort), [found, columns, sort]);
  const widths = useMemo(() => columns.map((column) => widthOf(column, rows)), [columns, rows]);
  const scroller = useRef<HTMLDivElement>(null);
  const [{ top, height }, setSight] = useState({ top: 0, height: ROW_PX * rowsShown });
  const [at, setAt] = useState(0);
  const [opened, setOpened] = useState<Row>();
  const id = useId();
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const measure = (): void => setSight(({ top: now }) => ({ top: now, height: element.clientHeight }));
    const watcher = new ResizeObserver(measure);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  const { first, end } = rangeInSight(top, height, ROW_PX, shown.length);
  const active = Math.min(at, shown.length - 1);
  const open = (row: Row | undefined): void => {
    if (row === undefined) return;
    if (onOpen === undefined) setOpened(row);
    else onOpen(row);
  };
  const moveTo = (index: number): void => {
    const next = Math.max(0, Math.min(shown.length - 1, index));
    setAt(next);
    const element = scroller.current;
    if (element === null) return;
    const room = element.clientHeight - headHeight(element);
    if (next * ROW_PX < element.scrollTop) element.scrollTop = next * ROW_PX;
    else if ((next + 1) * ROW_PX > element.scrollTop + room) element.scrollTop = (next + 1) * ROW_PX - room;
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (step === undefined) open(shown[active]);
    else moveTo(active + step);
  };
  const style = { "--columns": widths.map((width) => `${width}px`).join(" ") } as CSSProperties;
  return (
    <div className="grid-part">
      <div className="row grid-tools">
        <span className="muted" role="status">
          {shown.length === rows.length
            ? counted(rows.length, "row")
            : `${shown.length.toLocaleString("en-US")} of ${counted(rows.length, "row")}`}
        </span>
        {tools}
        <span className="grow" />
        <input
          type="search"
          className="grid-find"
          aria-label={`Search ${name}`}
          title="Words that a row holds; column:word looks in one column"
          placeholder="Filter rows"
          value={find}
          onChange={(event) => {
            setParams({ [`${param}.find`]: event.target.value });
            if (scroller.current !== null) scroller.current.scrollTop = 0;
          }}
        />
        {sqlPath !== undefined && (
          <a className="button" href={sqlPath}>
            Open as SQL
          </a>
        )}
        <button type="button" disabled={shown.length === 0} onClick={() => exportCsv(param, columns, shown)}>
          Export CSV
        </button>
      </div>
      <div
        ref={scroller}
        className="grid-scroll"
        role="grid"
        aria-label={name}
        aria-rowcount={shown.length + 1}
        aria-colcount={columns.length}
        aria-activedescendant={shown.length === 0 ? undefined : `${id}-${active}`}
        tabIndex={0}
        style={{ ...style, maxHeight: ROW_PX * rowsShown + 48 }}
        onScroll={(event) => {
          const now = event.currentTarget.scrollTop;
          // Within the rows that are there already, nothing is drawn again.
          if (Math.abs(now - top) >= ROW_PX * 4 || now === 0) setSight((sight) => ({ ...sight, top: now }));
        }}
        onKeyDown={onKeyDown}
      >
        <div role="rowgroup" className="grid-head">
          <div role="row" aria-rowindex={1} className="grid-row">
            {columns.map(({ key, title, note, number = false }) => (
              <div
                key={key}
                role="columnheader"
                className={number ? "number" : undefined}
                aria-sort={sort === key ? "ascending" : sort === `-${key}` ? "descending" : "none"}
              >
                <button
                  type="button"
                  className="grid-sort"
                  title={note === undefined ? title : `${title}: ${note}`}
                  onClick={() => setParams({ [`${param}.sort`]: nextSort(sort, key) })}
                >
                  <span className="grid-title">{title}</span>
                  <span aria-hidden="true">{sort === key ? "▲" : sort === `-${key}` ? "▼" : ""}</span>
                </button>
                {note !== undefined && <span className="grid-note">{note}</span>}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" className="grid-body" style={{ height: shown.length * ROW_PX }}>
          {shown.slice(first, end).map((row, offset) => {
            const index = first + offset;
            return (
              <div
                key={rowKey(row, index)}
                id={`${id}-${index}`}
                role="row"
                aria-rowindex={index + 2}
                aria-selected={index === active}
                className="grid-row"
                style={{ top: index * ROW_PX }}
                onClick={(event) => {
                  setAt(index);
                  if (isPlainClick(event)) open(row);
                }}
              >
                {columns.map((column) => (
                  <GridCell key={column.key} column={column} row={row} />
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {shown.length === 0 && (
        <p className="muted">{rows.length === 0 ? "No rows." : "No row holds these words."}</p>
      )}
      {opened !== undefined && (
        <RecordDialog
          title={name}
          columns={columns}
          row={opened}
          onClose={() => setOpened(undefined)}
          actions={actions?.(opened, () => setOpened(undefined))}
        />
      )}
    </div>
  );
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: PAGE_ROWS,
  PageUp: -PAGE_ROWS,
  Home: -Infinity,
  End: Infinity,
};

function headHeight(scroller: HTMLElement): number {
  return scroller.querySelector<HTMLElement>(".grid-head")?.offsetHeight ?? 0;
}

/** A click that marks text, or is on a link or a button of the row, does not open it. */
function isPlainClick(event: React.MouseEvent): boolean {
  const onControl = event.target instanceof Element && event.target.closest("a, button, input") !== null;
  return !onControl && String(getSelection()) === "";
}

function GridCell<Row>({ column, row }: { readonly column: ShownColumn<Row>; readonly row: Row }): ReactNode {
  const value = column.value(row);
  const classes = [column.number === true ? "number" : "", value === null ? "missing" : ""].join(" ").trim();
  const text = value === null ? "null" : textOf(value);
  return (
    <div role="gridcell" className={classes === "" ? undefined : classes} title={text.slice(0, TITLE_MAX)}>
      {column.show === undefined ? text.slice(0, CELL_MAX) : column.show(row)}
    </div>
  );
}

/** Characters of a value that a cell and its tooltip hold; the whole stands where the row is opened. */
const CELL_MAX = 300;
const TITLE_MAX = 1000;

function exportCsv<Row>(name: string, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const text = csvText(
    columns.map(({ title }) => title),
    rows.map((row) => columns.map(({ value }) => value(row))),
  );
  saveFile(`${name}.csv`, text);
}
