// How the text of a file is split and read, with the choice of another way beside what was found.

import type { ReactNode } from "react";
import type { Ingested } from "#contracts/ingest";

type Dialect = NonNullable<Ingested["dialect"]>;

/** What a person says instead of what was found. */
export interface Said {
  readonly delimiter?: string;
  readonly quote?: string;
  readonly encoding?: string;
  readonly header_row?: number;
}

const DELIMITERS: Readonly<Record<string, string>> = {
  ",": "commas ,",
  ";": "semicolons ;",
  "\t": "tabs",
  "|": "bars |",
  " ": "blanks",
  ":": "colons :",
  "": "nothing: one column",
};

const QUOTES: Readonly<Record<string, string>> = {
  '"': 'double quotes "',
  "'": "single quotes '",
  "": "nothing",
};

/** Those that exports of offices and payrolls come in; the house knows more. */
const ENCODINGS: Readonly<Record<string, string>> = {
  "utf-8": "UTF-8",
  "windows-1252": "Western (windows-1252)",
  "windows-1250": "Central European (windows-1250)",
  "windows-1251": "Cyrillic (windows-1251)",
  "koi8-r": "Cyrillic (koi8-r)",
  "utf-16le": "UTF-16",
  shift_jis: "Japanese (shift_jis)",
  gb18030: "Chinese (gb18030)",
  big5: "Chinese (big5)",
  "euc-kr": "Korean (euc-kr)",
  macintosh: "Macintosh",
};

const CHOICES = [
  { name: "delimiter", label: "Columns are split at", choices: DELIMITERS },
  { name: "quote", label: "Cells may stand in", choices: QUOTES },
  { name: "encoding", label: "Text is", choices: ENCODINGS },
] as const;

/** What was found is read off the file; a person's choice holds until it is taken back. */
interface DialectChoicesProps {
  readonly found: Dialect;
  readonly said: Said;
  readonly onSaid: (said: Said) => void;
}

export function DialectChoices({ found, said, onSaid }: DialectChoicesProps): ReactNode {
  const say = <Name extends keyof Said>(name: Name, value: Said[Name] | undefined): void => {
    const { [name]: _, ...others } = said;
    onSaid(value === undefined ? others : { ...others, [name]: value });
  };
  return (
    <div className="row dialect-choices" role="group" aria-label="How the text is read">
      {CHOICES.map(({ name, label, choices }) => (
        <Choice
          key={name}
          label={label}
          choices={choices}
          found={found[name]}
          said={said[name]}
          onSaid={(value) => say(name, value)}
        />
      ))}
      <label>
        Names are in line <span className="muted">(0: none)</span>
        <input
          type="number"
          min={0}
          className={said.header_row === undefined ? "line-number" : "line-number overruled"}
          placeholder={found.header_row === null ? "none" : String(found.header_row)}
          value={said.header_row ?? ""}
          onChange={({ target }) =>
            say("header_row", target.value === "" ? undefined : Math.max(0, Math.trunc(Number(target.value))))
          }
        />
      </label>
    </div>
  );
}

/** Stands for what was found: no choice has this text. */
const FOUND = "found";

function Choice({
  label,
  choices,
  found,
  said,
  onSaid,
}: {
  readonly label: string;
  readonly choices: Readonly<Record<string, string>>;
  readonly found: string;
  readonly said: string | undefined;
  readonly onSaid: (value: string | undefined) => void;
}): ReactNode {
  const words = (value: string): string => choices[value] ?? `“${value}”`;
  return (
    <label>
      {label}
      <select
        className={said === undefined ? undefined : "overruled"}
        value={said ?? FOUND}
        onChange={({ target }) => onSaid(target.value === FOUND ? undefined : target.value)}
      >
        <option value={FOUND}>{said === undefined ? words(found) : "what is found"}</option>
        {Object.entries(choices).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
