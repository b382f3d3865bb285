// How well the index of a corpus finds what is there, and a map of its rows: what is near in meaning is near on it.

import { type ReactNode, useState } from "react";
import type { Corpus } from "#contracts/matrix";
import type { Index } from "#contracts/vector";
import { sizeOf } from "../datasets/dataset-words.ts";
import { Loading, Notice, Problem } from "../parts/notice.tsx";
import { counted } from "../parts/words.ts";
import { vectord } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { VectorMap } from "./vector-map.tsx";

const PAGES_MAX = 10;

/** The index that a corpus is searched by: it bears the corpus's name and a number of its build. */
async function indexOf(corpus: string): Promise<Index | null> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { indexes, next_cursor } = await vectord.indexes({
      limit: 1000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const own = indexes.filter(
      ({ name }) => name.startsWith(`corpus.${corpus}.`) && !name.slice(corpus.length + 8).includes("."),
    );
    const largest = own.toSorted((a, b) => b.count - a.count)[0];
    if (largest !== undefined) return largest;
    if (next_cursor === undefined) return null;
    cursor = next_cursor;
  }
  return null;
}

export function IndexPanel({ corpus }: { readonly corpus: Corpus }): ReactNode {
  const { data, fault, refresh } = useLoaded(`index of ${corpus.name} ${corpus.snapshot_id}`, () =>
    indexOf(corpus.name),
  );
  if (data === undefined)
    return fault === undefined ? (
      <Loading rows={4} what="the index" />
    ) : (
      <Problem fault={fault} again={refresh} />
    );
  if (data === null)
    return (
      <Notice tone="info">There is no index yet: it is made with the first build that comes through.</Notice>
    );
  return (
    <>
      <Health index={data} onRefresh={refresh} />
      {data.damaged === undefined && data.count > 0 && <VectorMap index={data} corpus={corpus} />}
    </>
  );
}

type Measured = Awaited<ReturnType<typeof vectord.recall>>;

const SAMPLE = 200;

function Health({ index, onRefresh }: { readonly index: Index; readonly onRefresh: () => void }): ReactNode {
  const [measured, setMeasured] = useState<Measured>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<WireFault>();
  const measure = async (): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    try {
      setMeasured(await vectord.recall({ index: index.name, sample: SAMPLE }));
      onRefresh();
    } catch (thrown) {
      setFault(toWireFault(thrown));
    } finally {
      setBusy(false);
    }
  };
  const {
    count,
    deleted,
    pending,
    bytes_memory,
    bytes_disk,
    quantization,
    dimension,
    building,
    recall,
    damaged,
  } = index;
  return (
    <section className="card section-page" aria-labelledby="health-title">
      <header className="section-head">
        <h2 id="health-title">Health of the index</h2>
        <button type="button" disabled={busy || damaged !== undefined} onClick={() => void measure()}>
          {busy ? "Measuring…" : "Measure recall now"}
        </button>
      </header>
      {damaged !== undefined && (
        <Notice tone="bad">
          It cannot be opened: {damaged}{" "}
          {index.repairable === true
            ? "Whoever runs the house can repair it: lakehouse repair."
            : "Build the search again under the same name."}
        </Notice>
      )}
      <dl className="facts">
        <Fact name="Rows">{counted(count, "row")}</Fact>
        <Fact name="Not in the graph yet" note="they are searched one by one, and found all the same">
          {counted(pending, "row")}
          {building && " · being added"}
        </Fact>
        <Fact name="Deleted, still in the graph" note="they go with the next build">
          {deleted.toLocaleString("en-US")}
          {count > 0 && ` · ${((deleted / (count + deleted)) * 100).toFixed(1)} %`}
        </Fact>
        <Fact name="Recall of live searches" note="one search in a hundred is done again exactly">
          {recall === undefined
            ? "no sample yet"
            : `${(recall.recall * 100).toFixed(1)} % (${(recall.low * 100).toFixed(1)} to ${(recall.high * 100).toFixed(1)} %, ${counted(recall.searches, "search", "searches")})`}
        </Fact>
        <Fact
          name="Recall, measured now"
          note={`of ${SAMPLE} rows, ten neighbours each, against exact search`}
        >
          {measured === undefined
            ? "not measured"
            : `${(measured.recall * 100).toFixed(1)} % · ${Math.round(measured.mean_us)} µs a search, exact ${Math.round(measured.exact_mean_us)} µs`}
        </Fact>
        <Fact name="Kept as">
          {dimension} numbers a row{NUMBER_WORDS[quantization] ?? ""} · {sizeOf(bytes_memory)} in memory,{" "}
          {sizeOf(bytes_disk)} on disk
        </Fact>
      </dl>
      {fault !== undefined && <Problem fault={fault} again={() => void measure()} />}
    </section>
  );
}

/** How much of a number is kept. */
const NUMBER_WORDS: Readonly<Record<string, string>> = {
  i8: ", a byte each",
  f16: ", two bytes each",
  f32: ", four bytes each",
};

function Fact({
  name,
  note,
  children,
}: {
  readonly name: string;
  readonly note?: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
      {note !== undefined && <dd className="muted">{note}</dd>}
    </div>
  );
}
