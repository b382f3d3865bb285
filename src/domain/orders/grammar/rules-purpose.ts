// What speaks for a text being an order, and against it: asking for people, thanks, complaints, invoices, jokes,
// instructions to the reader. They are weighed in `answer/purpose.ts`.

import { type Match, rule, type Rule } from "./pattern.ts";

function purpose(order: number) {
  return () => ({ order });
}

/** Words that ask for somebody, whatever stands behind them. */
const FOR_ANOTHER: ReadonlySet<string> = new Set(
  "somebody someone alguien replacement replacements replace backfill cover coverage sub".split(" "),
);

/** "need one now", "send another": of what was spoken of before. */
function asksForOne({ scope, to }: Match): { order: number } | undefined {
  const [next, meanings] = [scope.tokens[to], scope.meanings[to]];
  const ends =
    next === undefined ||
    next.kind === "mark" ||
    ["urgent", "ahead", "weekday", "prep", "closing"].some((kind) => meanings?.has(kind) === true) ||
    next.word === "now";
  return ends ? { order: 4 } : undefined;
}

function asksPeople({ scope, to }: Match): { order: number } | undefined {
  const people = scope.meanings[to]?.has("people") === true || scope.starts("role", to) !== undefined;
  return people ? { order: 4 } : undefined;
}

export const PURPOSE_RULES: readonly Rule[] = [
  rule(
    "purpose",
    2,
    "need|needs|needed|want|wants|require|requires|required|request|requesting|hire|hiring|fill|filling|backfill|staffing|seeking|seek|seeks|order|openings|opening|vacancy|recruiting|send|short|cover|find|lookin|requested",
    purpose(2),
  ),
  // Somebody did not come, and is to be replaced: what was does not hide what is asked for.
  rule(
    "purpose",
    2,
    "need|needs|send|necesito|necesitamos|ocupo|ocupamos|manden|mandame me|us|to|a|an? a|another|an|one|un|una|otro|otra|somebody|someone|alguien|replacement|replacements|replace|backfill|cover|coverage|sub|<amount> replacement|sub|more|mas?",
    ({ scope, to }) => {
      const people = scope.meanings[to]?.has("people") === true || scope.starts("role", to) !== undefined;
      return people || FOR_ANOTHER.has(scope.tokens[to - 1]?.word ?? "") ? { order: 4 } : undefined;
    },
  ),
  rule("purpose", 2.5, "looking|searching|search for", purpose(2)),
  // "Can we get 2 more dishwashers": whatever the message begins with.
  rule(
    "purpose",
    3,
    "can|could|may we|i|you|u please|pls|also|just? get|have|send|order|book|add|use|grab me|us|another|just? <amount> more|additional|extra|other?",
    asksPeople,
  ),
  rule(
    "purpose",
    3,
    "we|i|id|ill|well also|still|now|will|do|just|would? need|want|require|like another|about? <amount> more|additional|extra|other?",
    asksPeople,
  ),
  rule("purpose", 2.5, "looking|searching for someone|somebody|coverage|cover", purpose(4)),
  rule("purpose", 3, "need|needs|want|send|find|get us|me|to? a? one|another|sub|otro|otra", asksForOne),
  rule("purpose", 2.5, "busco|buscando|buscamos a alguien", purpose(4)),
  rule(
    "purpose",
    2,
    "necesito|necesita|necesitan|necesitamos|busco|buscamos|busca|buscan|solicito|solicitamos|solicita|solicitan|requiere|requerimos|ocupo|ocupamos|ocupan|quiero|contratar|urge|urgen|faltan|mandame|envien|manden|consigueme",
    purpose(2),
  ),
  rule(
    "purpose",
    2.5,
    "se busca|necesita|necesitan|solicita|solicitan|buscan|requiere|requieren|ocupan",
    purpose(2.5),
  ),
  rule("purpose", 2.5, "hacen falta", purpose(2.5)),
  rule("purpose", 2.5, "could use", purpose(2)),
  rule("purpose", 2, "call|shift|open <people>|out|positions|shifts", purpose(1)),
  ...notAnOrder(),
];

function notAnOrder(): Rule[] {
  const against = (weight: number, ...patterns: readonly string[]): Rule[] =>
    patterns.map((pattern) => rule("purpose", 1, pattern, purpose(-weight)));
  return [
    // What speaks to a machine asks nobody for people, whatever it says besides.
    ...against(
      20,
      "ignore|disregard|forget all|any|the|your|my|previous|prior|above|everything? of|the|your|my|previous|prior|above|earlier? the|your|previous|prior|above? instructions|prompts|rules|instruction|prompt|commands",
      "you are an|a|now ai|assistant|chatgpt|llm|language|hacker|dan|free",
      "system prompt|message|:",
      "as an ai|llm",
      "olvida|ignora las|todas|tus las|tus? instrucciones|reglas",
    ),
    ...against(
      6,
      "return|output|print|respond|reply|answer|set|say|write|tell role|with|json|exactly|only|the|a|me as|a|the|of|to|joke|word|json|system|your|story|poem",
      "pretend|imagine|act that|you|as|to you|a|be",
      "walks|walked into a bar",
      "knock ,|-? knock",
      "why did the|a",
      "what do you call|get",
      "how many <word> does it",
      "how many <word> <word> does it",
      "out of office|the",
      "looking|searching for work|job|jobs|employment",
      "looking|searching for a job",
      "busco|buscando trabajo|empleo|jale|chamba",
      "happy birthday|anniversary",
      "feliz cumpleanos|navidad|ano",
    ),
    ...against(
      4,
      "invoice|invoices|factura|facturas|remittance|receipt|statement|paystub|paystubs|paycheck|paychecks|timesheet|timesheets|timecard|timecards|w2|refund|chargeback|unsubscribe|newsletter|webinar|password",
      "how much do|does|is|are",
      "past due",
      "overdue",
      "please|kindly remit|pay",
      "hours for last",
      "thank|thanks you|so|a? for|so|lot the|sending|your|all|coming|last|covering|filling|getting|that|a|being|everything|much",
      "gracias por",
      "great|good|awesome|nice|amazing|excellent|terrific job|work|effort",
      "did|doing|does a|an great|good|awesome|amazing|nice|terrible|bad|excellent|fantastic",
      "was|were great|awesome|amazing|excellent|late|terrible|wonderful|fantastic|rude|terrific|lovely|no",
      "showed|show up",
      "quit|resigned|renuncio|renunciaron",
      "llego|llegaron|llegan tarde|borracho|borrachos|mal",
      "server|servers is|are|was|were|went down|offline|slow|up|back",
      "what|how much|long? does|do a|an|the? <word> <word>? <word>? do|make|earn|mean|cost",
      "left early|before|already|us|without|at|halfway|sick",
      "walked|walk off|out",
      "went home",
      "was|were|been sent home",
      "no ~-? showed",
      "se fue|fueron",
      "no vino|vinieron|llego|llegaron",
      "never showed",
      "called|call in|out sick",
      "quit|resigned|got hurt|injured|fired",
      "hizo|hicieron un|muy|buen buen|bien|trabajo",
      "i|im apply|applying|am an|available|looking|interested for|to|in|a? a|work?",
      "my resume|application|cv|paycheck|check|hours|timesheet|schedule",
      "are you hiring|open",
      "do you have|know|offer any|a|how|the",
      "your order|request for|of <amount>",
      "order|request|booking|shift is|are|was|has|have been? confirmed|received|processed|shipped|filled|complete|approved",
    ),
    ...against(
      2.5,
      "yesterday",
      "last night|week|weekend|month|year|time",
      "ayer",
      "attached|enclosed is|are|please|you?",
      "payment|payments|balance|billing|billed",
      "meeting|reminder|agenda|lunch|webinar|survey|feedback",
      "happy|merry holidays|friday|monday|weekend|thanksgiving|christmas|new",
      "lol|haha|hahaha|lmao|jaja|jajaja|rofl|joke|chiste",
      "weather|recipe|poem|song|movie|game score",
      "congratulations|congrats|felicidades",
      "let me know",
      "thanks|thank|thx|gracias|ty",
      "see you",
      "have a great|good|nice|wonderful",
      "que tengan|tenga",
      "how are you",
      "what|who|when|where|why|how is|are|was|did|does|do|many|much|to",
    ),
  ];
}
