// What each service does, in the words of who keeps the house running.

export const SERVICE_WORK: Readonly<Record<string, string>> = {
  storaged: "Keeps files and tables' data",
  catalogd: "Knows the datasets and their snapshots",
  ingestd: "Loads files into datasets",
  queryd: "Answers SQL",
  embedd: "Turns texts into numbers for search",
  vectord: "Finds what is nearest in meaning",
  matrixd: "Ranks people for an order",
  pathwayd: "Remembers how things were done",
  observerd: "Records what happens in the house",
  chatd: "Calls language models",
  validatord: "Checks proposals and messages by the rules",
  journald: "Keeps the journal",
  truthd: "Settles what several sources say",
  filld: "Carries orders from text to outcome",
  gateway: "Lets callers in, and serves this console",
};
