// What the screens of datasets, SQL, search and playbooks show on their pictures: values that are long, missing, wrong and in other
// scripts, a history, rows that did not fit, a playbook.

import type { SpawnedHouse } from "./spawned-house.ts";

const LONG =
  "the loading dock behind the third building on the left, past the gate that is closed on Sundays, ".repeat(
    4,
  );

const TEAM = [
  "id,name,pay_rate,started,note,the_name_of_this_column_is_a_good_deal_longer_than_its_values",
  `1,Łucja Żółć,20.5,2026-01-05,${JSON.stringify(LONG)},1`,
  "2,東京 太郎,31,2026-02-11,,2",
  "3,مرحبا بك,19.25,2026-03-01,<b>not bold</b>,3",
  "4,Anne-Marie Featherstonehaugh-Cholmondeley of Lower Sunny Isles,lots,yesterday,,4",
  "5,,,,,5",
].join("\n");

/** Views by the names of their pictures. */
export async function dataViews(house: SpawnedHouse): Promise<Readonly<Record<string, string>>> {
  const types = JSON.stringify({ pay_rate: "DECIMAL(18,2)", started: "DATE" });
  const load = async (source: string, body: string): Promise<void> => {
    const query = new URLSearchParams({ dataset: "team", source, types });
    const reply = await house.ask(`/v1/ingest?${query}`, { method: "POST", body });
    if (!reply.ok) throw new Error(await reply.text());
  };
  await load("team of the week – 週 12.csv", TEAM);
  await load("more.csv", TEAM.split("\n").slice(0, 3).join("\n").replace("Łucja Żółć", "Łucja Nowak"));
  const query_text = "forklift operators Springfield IL Friday 6am";
  const { hits } = await house.json<{ hits: { id: string }[] }>("/v1/matrix/search", {
    query_text,
    corpora: ["workers"],
  });
  const { playbook_id } = await house.json<{ playbook_id: string }>("/v1/matrix/playbooks/record", {
    query_text,
    answer_id: hits[2]?.id,
    answer_corpus: "workers",
    score: 1,
    actor: "Anne-Marie Featherstonehaugh-Cholmondeley",
  });
  const sql = (text: string, more = ""): string => `/ui/sql?q=${encodeURIComponent(text)}${more}`;
  return {
    datasets: "/ui/datasets",
    "dataset-rows": "/ui/datasets/team",
    "dataset-profile": "/ui/datasets/workers?tab=profile",
    "dataset-columns": "/ui/datasets/team?tab=columns",
    "dataset-history": "/ui/datasets/team?tab=history",
    "dataset-rejects": "/ui/datasets/team?tab=rejects",
    "dataset-use": "/ui/datasets/workers?tab=use",
    "dataset-unknown": "/ui/datasets/nowhere",
    "sql-rows": sql("FROM workers"),
    "sql-chart": sql(
      "SELECT state, count(*) AS people FROM workers GROUP BY ALL ORDER BY people DESC LIMIT 20",
      "&show=chart",
    ),
    "sql-fault": sql("SELECT nope\nFROM workers"),
    search: `/ui/search?q=${encodeURIComponent(query_text)}`,
    "search-why-not": `/ui/search/workers?q=${encodeURIComponent(query_text)}&why=w-3`,
    "search-weights": "/ui/search/workers?tab=weights",
    "search-map": "/ui/search/workers?tab=index&around=line%20cook",
    playbooks: "/ui/playbooks",
    playbook: `/ui/playbooks/${playbook_id}`,
  };
}

export const EMPTY_DATA_VIEWS = [
  ["datasets-empty", "/ui/datasets"],
  ["sql-empty", "/ui/sql"],
  ["search-empty", "/ui/search"],
  ["playbooks-empty", "/ui/playbooks"],
] as const;
