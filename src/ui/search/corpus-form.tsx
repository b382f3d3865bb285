// Makes a dataset searchable, or changes how it is: which column names a row, which text is searched, what hits carry.

import { type ReactNode, useState } from "react";
import type { Dataset } from "#contracts/catalog";
import type { Corpus } from "#contracts/matrix";
import { allDatasets } from "../datasets/all-datasets.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Loading, Problem } from "../parts/notice.tsx";
import { matrixd } from "../wire/client.ts";
import { useLoaded } from "../wire/use-loaded.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { fieldsOf, suggestedText } from "./corpus-suggestion.ts";

interface CorpusFormProps {
  readonly dataset: string;
  /** The one that is changed. */
  readonly corpus?: Corpus;
  readonly onClose: () => void;
  readonly onMade: (corpus: Corpus) => void;
}

export function CorpusForm(props: CorpusFormProps): ReactNode {
  const { data, fault, refresh } = useLoaded("datasets to search", allDatasets);
  return (
    <Dialog
      title={props.corpus === undefined ? "Make a dataset searchable" : `Change ${props.corpus.name}`}
      onClose={props.onClose}
      wide
    >
      {data === undefined ? (
        fault === undefined ? (
          <Loading rows={4} what="datasets" />
        ) : (
          <Problem fault={fault} again={refresh} />
        )
      ) : data.length === 0 ? (
        <p>
          There is no dataset yet. <a href="/ui/datasets">Drop a file first</a>
        </p>
      ) : (
        <Fields {...props} datasets={data} />
      )}
    </Dialog>
  );
}

function Fields({
  dataset,
  corpus,
  onMade,
  datasets,
}: CorpusFormProps & { readonly datasets: readonly Dataset[] }): ReactNode {
  const [chosen, setChosen] = useState(
    datasets.some(({ name }) => name === dataset) ? dataset : (datasets[0]?.name ?? ""),
  );
  const columns = datasets.find(({ name }) => name === chosen)?.columns ?? [];
  const [name, setName] = useState(corpus?.name ?? "");
  const [id, setId] = useState(corpus?.id ?? "");
  const [text, setText] = useState(corpus?.text ?? "");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<WireFault>();
  const idUsed = columns.some((column) => column.name === id)
    ? id
    : (columns.find((column) => /(^|_)id$/.test(column.name)) ?? columns[0])?.name;
  const textUsed = text === "" ? suggestedText(columns) : text;
  const make = async (): Promise<void> => {
    if (idUsed === undefined) return;
    setBusy(true);
    setFault(undefined);
    try {
      const made = await matrixd.putCorpus({
        corpus: name === "" ? chosen.replaceAll("$", ".") : name,
        dataset: chosen,
        id: idUsed,
        text: textUsed,
        fields: corpus?.dataset === chosen ? corpus.fields : fieldsOf(columns, idUsed),
        ...(corpus === undefined
          ? {}
          : {
              meanings: corpus.meanings,
              engine: corpus.engine,
              refresh: corpus.refresh,
              model: corpus.model,
            }),
      });
      onMade(made);
    } catch (thrown) {
      setFault(toWireFault(thrown));
      setBusy(false);
    }
  };
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <label>
        Dataset
        <select
          value={chosen}
          disabled={corpus !== undefined}
          onChange={(event) => setChosen(event.target.value)}
        >
          {datasets.map((one) => (
            <option key={one.name}>{one.name}</option>
          ))}
        </select>
      </label>
      <label>
        Name of the search
        <input
          value={name}
          placeholder={chosen}
          disabled={corpus !== undefined}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label>
        Column that names a row
        <select value={idUsed} onChange={(event) => setId(event.target.value)}>
          {columns.map((column) => (
            <option key={column.id}>{column.name}</option>
          ))}
        </select>
      </label>
      <label>
        Text that is searched, columns in braces
        <textarea rows={2} data-focus value={textUsed} onChange={(event) => setText(event.target.value)} />
      </label>
      <p className="muted">
        Role, place, certificates and the like are found by the usual names of their columns.
      </p>
      {fault !== undefined && <Problem fault={fault} />}
      <button type="submit" className="primary" disabled={busy}>
        {busy ? "Starting…" : corpus === undefined ? "Build it" : "Build it again"}
      </button>
    </form>
  );
}
