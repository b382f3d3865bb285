// Files as the programs of offices write them around their tables: payroll, databases' consoles, sheets saved as text. Each
// with the columns, the rows and the number of rejects that its owner expects.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testLake, type TestLake } from "./lake.testing.ts";

interface Report {
  readonly text: string;
  /** Names and types, in order. */
  readonly columns: Readonly<Record<string, string>>;
  /** Values as text, parted by bars. */
  readonly rows: readonly string[];
  readonly rejected?: number;
}

const WORKERS = { id: "BIGINT", name: "VARCHAR" };
const BOTH = ["1|Ann", "2|Bob"];

const REPORTS: Readonly<Record<string, Report>> = {
  "totals without a name, and of groups of one row": {
    text: "dept,emp,hours,cost\nA,Ann,10,100\nA,Bob,5,60\n,,15,160\nB,Cyd,8,90\n,,8,90\n,,23,250\n",
    columns: { dept: "VARCHAR", emp: "VARCHAR", hours: "BIGINT", cost: "BIGINT" },
    rows: ["A|Ann|10|100", "A|Bob|5|60", "B|Cyd|8|90"],
    rejected: 3,
  },
  "numbers without a name that are no sums": {
    text: "dept,emp,hours,cost\nA,Ann,10,100\nA,Bob,5,60\n,,16,161\nB,Cyd,8,90\nTotal,,39,411\n",
    columns: { dept: "VARCHAR", emp: "VARCHAR", hours: "BIGINT", cost: "BIGINT" },
    rows: ["A|Ann|10|100", "A|Bob|5|60", "NULL|NULL|16|161", "B|Cyd|8|90"],
    rejected: 1,
  },
  "a report's words in padded cells, below an empty line": {
    text: 'badge,crew,hours,pay\n007,north,8.5,"1,020.25"\n008,south,7.0,880.00\n011,east,6.5,700.10\n,,,\nMade 4/1/2026 7:02 AM,,,Sheet 2 of 2\n',
    columns: { badge: "VARCHAR", crew: "VARCHAR", hours: "DOUBLE", pay: "DOUBLE" },
    rows: ["007|north|8.5|1020.25", "008|south|7.0|880.0", "011|east|6.5|700.1"],
    rejected: 1,
  },
  "several notes below an empty line, one in a column of values": {
    text: "yard,lead,beds,cost\nA,Ann,4,80.5\nB,Bob,5,70\nC,Cyd,6,60\n,,,\nnot yet approved,,,\nby:,,on:,\n",
    columns: { yard: "VARCHAR", lead: "VARCHAR", beds: "BIGINT", cost: "DOUBLE" },
    rows: ["A|Ann|4|80.5", "B|Bob|5|70.0", "C|Cyd|6|60.0"],
    rejected: 2,
  },
  "the same without an empty line, in words of a report": {
    text: "yard;lead;beds\nA;Ann;4\nB;Bob;5\nC;Cyd;6\nSource: housing office;;\nPrinted on Friday;;\n",
    columns: { yard: "VARCHAR", lead: "VARCHAR", beds: "BIGINT" },
    rows: ["A|Ann|4", "B|Bob|5", "C|Cyd|6"],
    rejected: 2,
  },
  "a last row with gaps as others have, below an empty line": {
    text: "yard,lead,beds\nA,Ann,4\nB,,\nC,Cyd,6\n\nD,,\n",
    columns: { yard: "VARCHAR", lead: "VARCHAR", beds: "BIGINT" },
    rows: ["A|Ann|4", "B|NULL|NULL", "C|Cyd|6", "D|NULL|NULL"],
  },
  "a row with gaps between the rows, behind an empty line": {
    text: "yard,lead,beds\nA,Ann,4\nC,Cyd,6\nE,Eve,6\n\nD,,\nB,Bob,3\n",
    columns: { yard: "VARCHAR", lead: "VARCHAR", beds: "BIGINT" },
    rows: ["A|Ann|4", "C|Cyd|6", "E|Eve|6", "D|NULL|NULL", "B|Bob|3"],
  },
  "texts kept from becoming numbers in a spreadsheet": {
    text: '="badge",hours,="crew"\n="0071",8,="Yard, north"\n="0120",7,="Dock"\n="3400",6,="Dock"\n',
    columns: { badge: "VARCHAR", hours: "BIGINT", crew: "VARCHAR" },
    rows: ["0071|8|Yard, north", "0120|7|Dock", "3400|6|Dock"],
  },
  "the same, with the formula quoted, and other formulas": {
    text: 'badge\thours\tsum\n"=""0071"""\t8\t"=A1&""x"""\n"=""0120"""\t7\t=B1+2\n',
    columns: { badge: "VARCHAR", hours: "BIGINT", sum: "VARCHAR" },
    rows: ['0071|8|=A1&"x"', "0120|7|=B1+2"],
  },
  "averages below sums": {
    text: "crew,mon,tue\nNorth,8,7\nSouth,7,8\nEast,8,8\nTotal,23,23\nAverage,7.67,7.67\n",
    columns: { crew: "VARCHAR", mon: "BIGINT", tue: "BIGINT" },
    rows: ["North|8|7", "South|7|8", "East|8|8"],
    rejected: 2,
  },
  "a name that is also a word for averages": {
    text: "name,hours\nMedia,8\nMean,7\nAnn,6\n",
    columns: { name: "VARCHAR", hours: "BIGINT" },
    rows: ["Media|8", "Mean|7", "Ann|6"],
  },
  "the word for totals behind what they are of": {
    text: "emp,code,hours\nAnn,REG,80\nAnn,OT,3\nBob,REG,72\n,Employee total,155\n",
    columns: { emp: "VARCHAR", code: "VARCHAR", hours: "BIGINT" },
    rows: ["Ann|REG|80", "Ann|OT|3", "Bob|REG|72"],
    rejected: 1,
  },
  "totals in other languages": {
    text: "osoba;godziny\nAnna;5\nBartek;6\nRazem;11\n",
    columns: { osoba: "VARCHAR", godziny: "BIGINT" },
    rows: ["Anna|5", "Bartek|6"],
    rejected: 1,
  },
  "lines that are quoted as a whole": {
    text: '"id,name,hours"\r\n"1,""Lee, Ann"",8"\r\n"2,Bob,7"\r\n',
    columns: { ...WORKERS, hours: "BIGINT" },
    rows: ["1|Lee, Ann|8", "2|Bob|7"],
  },
  "the same below a header without quotes": {
    text: 'id;name;hours\n"1;Ann;8"\n"2;""Bob; Jr"";7"\n"3;Cyd;6"\n',
    columns: { ...WORKERS, hours: "BIGINT" },
    rows: ["1|Ann|8", "2|Bob; Jr|7", "3|Cyd|6"],
  },
  "one column of quoted texts with a comma each": {
    text: '"place"\n"Reno, NV"\n"Elko, NV"\n"Ely, NV"\n',
    columns: { place: "VARCHAR" },
    rows: ["Reno, NV", "Elko, NV", "Ely, NV"],
  },
  "a web server's log, whose names stand in a comment": {
    text: "#Version: 1.0\n#Fields: date time cs-method sc-status\n2025-03-01 00:00:01 GET 200\n2025-03-01 00:00:02 GET 304\n2025-03-01 00:00:05 POST 500\n",
    columns: { date: "DATE", time: "TIME", "cs-method": "VARCHAR", "sc-status": "BIGINT" },
    rows: ["2025-03-01|00:00:01|GET|200", "2025-03-01|00:00:02|GET|304", "2025-03-01|00:00:05|POST|500"],
  },
  "names and telephones without a header": {
    text: "Ann Lee,(555) 010-0101\nBo Kim,(555) 010-0102\nCy Diaz,(555) 010-0103\n",
    columns: { column_1: "VARCHAR", column_2: "VARCHAR" },
    rows: ["Ann Lee|(555) 010-0101", "Bo Kim|(555) 010-0102", "Cy Diaz|(555) 010-0103"],
  },
  "a file with a column less, joined above": {
    text: "id,name\n1,Ann\n2,Bob\nid,name,site\n3,Cyd,Elko\n4,Dee,Ely\n",
    columns: { ...WORKERS, site: "VARCHAR" },
    rows: ["3|Cyd|Elko", "4|Dee|Ely"],
    rejected: 3,
  },
  "groups that are repeated above each of their names": {
    text: "Mon,Mon,Tue,Tue,Note\nIn,Out,In,Out,Why\n7,15,8,16,a\n6,14,7,15,b\n9,17,9,17,c\n",
    columns: {
      "Mon In": "BIGINT",
      "Mon Out": "BIGINT",
      "Tue In": "BIGINT",
      "Tue Out": "BIGINT",
      "Note Why": "VARCHAR",
    },
    rows: ["7|15|8|16|a", "6|14|7|15|b", "9|17|9|17|c"],
  },
  "numbers of cars and machines without a header": {
    text: "ABC 1234,550e8400-e29b-41d4\nXYZ 9876,6ba7b810-9dad-11d1\nLMN 4567,7ba7b810-9dad-11d1\n",
    columns: { column_1: "VARCHAR", column_2: "VARCHAR" },
    rows: ["ABC 1234|550e8400-e29b-41d4", "XYZ 9876|6ba7b810-9dad-11d1", "LMN 4567|7ba7b810-9dad-11d1"],
  },
  "cells between broken bars": {
    text: "id¦name\n1¦Ann\n2¦Bob\n",
    columns: WORKERS,
    rows: BOTH,
  },
  "a table that a database drew": {
    text: "+----+------+\n| id | name |\n+----+------+\n|  1 | Ann  |\n|  2 | Bob  |\n+----+------+\n",
    columns: WORKERS,
    rows: BOTH,
  },
  "one drawn with lines of boxes": {
    text: "┌────┬──────┐\n│ id │ name │\n├────┼──────┤\n│ 1  │ Ann  │\n│ 2  │ Bob  │\n└────┴──────┘\n",
    columns: WORKERS,
    rows: BOTH,
  },
  "a table of Markdown": {
    text: "| id | name |\n|---:|------|\n| 1 | Ann |\n| 2 | Bob |\n",
    columns: WORKERS,
    rows: BOTH,
  },
  "lines that all end in a bar": {
    text: "id|name|\n1|Ann|\n2|Bob|\n",
    columns: WORKERS,
    rows: BOTH,
  },
  "commands around it": {
    text: "SQL> select * from emp;\n\n        ID NAME\n---------- ----------\n         1 Ann\n         2 Bob\n\nSQL> spool off\n",
    columns: { ID: "BIGINT", NAME: "VARCHAR" },
    rows: BOTH,
  },
  "parameters above it, as wide as the table": {
    text: "Client,Acme,,\nPeriod,2024-01,,\n,,,\nid,name,hours,pay\n1,Ann,8,10.5\n2,Bob,7,11.5\n",
    columns: { ...WORKERS, hours: "BIGINT", pay: "DOUBLE" },
    rows: ["1|Ann|8|10.5", "2|Bob|7|11.5"],
  },
  "more lines above it than it has": {
    text: `${Array.from({ length: 12 }, (_, at) => `Parameter ${at}: value ${at}\n`).join("")}\nid;name\n1;Ann\n2;Bob\n`,
    columns: WORKERS,
    rows: BOTH,
  },
  "a new page with its header": {
    text: "id,name\n1,Ann\n\fid,name\n2,Bob\n",
    columns: WORKERS,
    rows: BOTH,
    rejected: 1,
  },
  "types below the names": {
    text: "id,name\ninteger,varchar(20)\n1,Ann\n2,Bob\n",
    columns: WORKERS,
    rows: BOTH,
    rejected: 1,
  },
  "days as names": {
    text: "worker,2024-01-01,2024-01-02\nAnn,8,7\nBob,8,8\n",
    columns: { worker: "VARCHAR", "2024-01-01": "BIGINT", "2024-01-02": "BIGINT" },
    rows: ["Ann|8|7", "Bob|8|8"],
  },
  "the days of a month as names": {
    text: "worker,1,2,3,4\nAnn,8,7,8,0\nBob,8,8,0,8\n",
    columns: { worker: "VARCHAR", "1": "BIGINT", "2": "BIGINT", "3": "BIGINT", "4": "BIGINT" },
    rows: ["Ann|8|7|8|0", "Bob|8|8|0|8"],
  },
  "cells parted by two marks": {
    text: "id||name||mail\n1||Ann||a|b\n2||Bob||c@x.org\n",
    columns: { ...WORKERS, mail: "VARCHAR" },
    rows: ["1|Ann|a|b", "2|Bob|c@x.org"],
  },
  "cells parted by three marks": {
    text: "id|~|name|~|note\n1|~|Ann|~|a|b\n2|~|Bob|~|c~d\n",
    columns: { ...WORKERS, note: "VARCHAR" },
    rows: ["1|Ann|a|b", "2|Bob|c~d"],
  },
  "a mark, and a sign of money behind it in all rows": {
    text: "id~pay\n1~$80.50\n2~$95.25\n3~$7.10\n",
    columns: { id: "BIGINT", pay: "DECIMAL(18,2)" },
    rows: ["1|80.50", "2|95.25", "3|7.10"],
  },
  "bars with empty cells between": {
    text: "id|mid|name\n1||Ann\n2||Bob\n3|J|Cyd\n",
    columns: { id: "BIGINT", mid: "VARCHAR", name: "VARCHAR" },
    rows: ["1|NULL|Ann", "2|NULL|Bob", "3|J|Cyd"],
  },
};

describe("reports", () => {
  let lake: TestLake;
  beforeAll(async () => {
    lake = await testLake();
  });
  afterAll(async () => {
    expect(lake.bugs).toEqual([]);
    await lake.close();
  });

  test.each(Object.entries(REPORTS))("%s", async (name, { text, columns, rows, rejected = 0 }) => {
    const dataset = name.replace(/\W/g, "_");
    const answer = await lake.load(dataset, text);
    expect(Object.fromEntries(answer.columns.map((column) => [column.name, column.type]))).toEqual(columns);
    const cells = answer.columns.map(({ name: column }) => `coalesce(CAST("${column}" AS VARCHAR), 'NULL')`);
    const found = await lake.rows(dataset, `SELECT concat_ws('|', ${cells.join(", ")}) AS row FROM t`);
    expect(new Set(found.map(({ row }) => row))).toEqual(new Set(rows));
    expect(found).toHaveLength(rows.length);
    expect(answer.rows_quarantined).toBe(rejected);
  });
});
