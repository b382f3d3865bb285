// CodeMirror for SQL: colours, completion, faults at their place. It lives in a shadow tree, because there it may bring its styles
// as sheets, where in the page the security policy would refuse its style elements.

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { sql, SQLDialect } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { OFFERED_FUNCTIONS } from "./functions.ts";
import { sqlName } from "./names.ts";

/** Datasets and their columns, by which the editor completes. */
export type Schema = Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;

export interface CodeEditor {
  text(): string;
  /** What is marked, or all of it. */
  wanted(): string;
  setText(text: string): void;
  setSchema(schema: Schema): void;
  insert(text: string): void;
  /** Marks a place as wrong, or nothing. */
  setFault(fault: { readonly at: number; readonly message: string } | undefined): void;
  focus(): void;
  destroy(): void;
}

/** DuckDB's words; `state` and its like, which other dialects keep for themselves, are columns here. */
const DUCKDB = SQLDialect.define({
  doubleDollarQuotedStrings: true,
  keywords:
    "all and anti any as asc asof at between by case cast collate cross cube current_date delete desc describe distinct else " +
    "end escape except exclude exists explain extract false filter following for from full group grouping having if ilike in " +
    "inner intersect into is join lateral left like limit materialized natural not null nulls first last of offset on or order " +
    "outer over partition pivot positional preceding qualify range recursive replace right rollup rows sample select semi " +
    "sets show similar summarize table tablesample then to true unbounded union unpivot using values version when where " +
    "window with within interval",
  types:
    "bigint blob boolean bool char date datetime decimal double float hugeint int integer json map numeric real smallint string " +
    "struct text time timestamptz tinyint ubigint uinteger usmallint utinyint uuid varchar",
});

const COLOURS = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: tags.comment, color: "var(--ink-soft)", fontStyle: "italic" },
  { tag: tags.typeName, color: "var(--chart-4)" },
]);

const LOOKS = EditorView.theme({
  "&": {
    color: "var(--ink)",
    backgroundColor: "var(--surface)",
    fontSize: "13px",
    minHeight: "132px",
    maxHeight: "42vh",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", overflow: "auto" },
  ".cm-content, .cm-gutter": { minHeight: "132px" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--ink)" },
  ".cm-gutters": {
    color: "var(--ink-soft)",
    backgroundColor: "var(--raised)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 30%, transparent)",
  },
  ".cm-placeholder": { color: "var(--ink-soft)" },
  ".cm-matchingBracket": { backgroundColor: "var(--accent-ground)", outline: "1px solid var(--accent)" },
  ".cm-tooltip": {
    color: "var(--ink)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--line-strong)",
    borderRadius: "6px",
    boxShadow: "0 8px 24px #0003",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--mono)",
    fontSize: "12px",
    maxHeight: "260px",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    color: "var(--ink)",
    backgroundColor: "var(--accent-ground)",
  },
  ".cm-completionDetail": { color: "var(--ink-soft)", fontStyle: "normal", marginLeft: "12px" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-diagnostic": {
    padding: "6px 10px",
    borderLeft: "4px solid var(--bad)",
    whiteSpace: "pre-wrap",
    maxWidth: "60ch",
  },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--bad)",
    textUnderlineOffset: "3px",
  },
});

interface EditorOptions {
  readonly text: string;
  readonly schema: Schema;
  readonly onText: (text: string) => void;
  readonly onRun: () => void;
}

export function createEditor(
  parent: HTMLElement,
  { text, schema, onText, onRun }: EditorOptions,
): CodeEditor {
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: "open" });
  const names = new Compartment();
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false }),
        syntaxHighlighting(COLOURS),
        LOOKS,
        EditorView.lineWrapping,
        placeholder("SELECT … FROM a dataset"),
        EditorView.contentAttributes.of({ "aria-label": "SQL" }),
        Prec.highest(
          keymap.of([
            {
              key: "Mod-Enter",
              run: () => {
                onRun();
                return true;
              },
            },
            // Tab leaves the field, as in any form, unless it takes what is offered.
            { key: "Tab", run: acceptCompletion },
          ]),
        ),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        names.of(completing(schema)),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onText(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    wanted: () => {
      const { from, to, empty } = view.state.selection.main;
      return empty ? view.state.doc.toString() : view.state.sliceDoc(from, to);
    },
    setText: (next) => {
      if (next === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
    },
    setSchema: (next) => view.dispatch({ effects: names.reconfigure(completing(next)) }),
    insert: (inserted) => {
      view.dispatch(view.state.replaceSelection(inserted));
      view.focus();
    },
    setFault: (fault) => {
      const { length } = view.state.doc;
      const from = Math.min(fault?.at ?? 0, length);
      const word = /^[\w$"]+/.exec(view.state.sliceDoc(from, length))?.[0] ?? "";
      const to = Math.min(length, from + Math.max(1, word.length));
      const marks =
        fault === undefined
          ? []
          : [{ from: Math.min(from, to), to, severity: "error" as const, message: fault.message }];
      view.dispatch(setDiagnostics(view.state, marks));
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

function completing(schema: Schema): Extension {
  const tables = Object.fromEntries(
    Object.entries(schema).map(([name, columns]) => [
      name,
      columns.map(({ name: column, type }) => ({
        label: column,
        apply: sqlName(column),
        detail: type,
        type: "property",
      })),
    ]),
  );
  const language = sql({ dialect: DUCKDB, schema: tables, upperCaseKeywords: true });
  const options: Completion[] = [
    ...OFFERED_FUNCTIONS.map(({ name, takes }) => ({
      label: name,
      detail: `(${takes})`,
      type: "function",
      apply: name === "current_date" ? name : `${name}(`,
    })),
    // A column without its dataset before it.
    ...Object.entries(schema).flatMap(([dataset, columns]) =>
      columns.map(({ name, type }) => ({
        label: name,
        detail: `${type}, ${dataset}`,
        type: "property",
        apply: sqlName(name),
      })),
    ),
  ];
  const offer = (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[\p{L}_][\p{L}\p{N}_$]*/u);
    if (word === null && !context.explicit) return null;
    const before = context.state.sliceDoc(
      Math.max(0, (word?.from ?? context.pos) - 24),
      word?.from ?? context.pos,
    );
    // A dataset belongs there, or a column of the one before the dot: the dialect offers those.
    if (/(\.|\b(from|join)\s+)$/i.test(before)) return null;
    return { from: word?.from ?? context.pos, options, validFor: /^[\p{L}\p{N}_$]*$/u };
  };
  return [language, DUCKDB.language.data.of({ autocomplete: offer })];
}
