// What they must bring, what is not wanted, how pressing it is, and the words around an order that are not of it.

import type { Of } from "./claim.ts";
import { type Match, nothing, rule, type Rule } from "./pattern.ts";

function language(match: Match): { code: string; weight?: number } | undefined {
  const code = match.meaning("l", "language");
  return code === undefined ? undefined : { code };
}

/** "spanish" alone is the language; "hispanic foods" or "polish the floor" is not. */
function bareLanguage(match: Match): { code: string; weight: number } | undefined {
  const made = language(match);
  const word = match.token("l");
  if (made === undefined || word === undefined || word.word.length < 6 || word.word === "polish")
    return undefined;
  return { ...made, weight: 2.2 };
}

function status(match: Match): { status: string } | undefined {
  const value = match.meaning("s", "status");
  return value === undefined || value === "" ? undefined : { status: value };
}

/** "3 movers now", "NOW": at the end of what is said, or shouted. */
function rightNow({ scope, from, to }: Match): object | undefined {
  const [token, before, next] = [scope.tokens[from], scope.tokens[from - 1], scope.tokens[to]];
  if (["until", "till", "from", "by", "for", "as", "are", "is", "we"].includes(before?.word ?? ""))
    return undefined;
  const ends = next === undefined || next.kind === "mark" || scope.starts("place", to) !== undefined;
  return token?.upper === true || (before !== undefined && ends) ? {} : undefined;
}

/** "called out", "no show": somebody must be replaced, when a replacement is asked for too. */
function calledOff({ scope, from }: Match): object | undefined {
  return scope.tokens.some(({ word }, at) => at !== from && REPLACING.has(word)) ? {} : undefined;
}

const REPLACING: ReadonlySet<string> = new Set(
  "need needs needed replace replacement replacements backfill cover coverage sub fill send find reemplazo reemplazar necesito necesitamos".split(
    " ",
  ),
);

const TALK = "speaking|speaker|speakers|speaks|speak|spoken|language|hablante|hablantes|fluency";
const NEEDED =
  "required|req|reqd|preferred|pref|a|needed|is|must|ok|helpful|desired|mandatory|plus|necessary";

const WISHING = "have|hope|enjoy|enjoyed|hoping|happy|merry|feliz|que";
const WISHED =
  "good|great|nice|safe|happy|wonderful|relaxing|blessed|fun|lovely|awesome|blast|restful|amazing|fantastic|well|buen|bonito|excelente|tengan|tenga";

/** What is hot and no hurry: "hot food server", "hot tar roofers". */
const HOT_THINGS: ReadonlySet<string> = new Set(
  "food foods line side tar work dog dogs mop shop meal meals kitchen asphalt spring springs tub tubs".split(
    " ",
  ),
);

const EXCHANGE_WEIGHT = 8;
const EXCHANGES: ReadonlySet<string> = new Set(["for", "with", "to", "by", "por", "con"]);

/** "same day next week", "same day as before" is no hurry. */
const SAME_DAY_AS: ReadonlySet<string> = new Set(["next", "as", "every", "each", "of", "this"]);

export const NEED_RULES: readonly Rule[] = [
  rule("language", 4, `l:<language> -? ${TALK}`, language),
  rule(
    "language",
    4,
    `fluent|speak|speaks|speaking|speaker|bilingual|bilingue|bilingues|habla|hable|hablen|hablan|hablar|hablante|language|idioma|conversational|know|knows in|en|of|de|:|some|good|english|ingles|basic|un|poco|also? in|/|y|and|&|-? l:<language>`,
    language,
  ),
  rule(
    "language",
    4,
    "bilingual|bilingue|bilingues ,|(|-|in|en? english|ingles|spanish|espanol /|-|and|y|&|or? l:<language>",
    language,
  ),
  rule("language", 4, "l:<language> /|-|and|y|& english|ingles", language),
  rule("language", 4, "english|ingles|eng|en|ing ~/|-|and|y|& ~l:<language>", language),
  rule("language", 4, "english|ingles /|-|and|y|& l:<language>", language),
  rule("language", 4, "english|ingles|eng|en|ing ~/|- ~spa|span|sp|esp|es", () => ({ code: "es" })),
  rule("language", 4, "spa|span|sp|esp|es ~/|- ~english|ingles|eng|en|ing", () => ({ code: "es" })),
  rule("language", 4, `span|spa|esp -? ${TALK}`, () => ({ code: "es" })),
  rule("language", 3.5, `l:<language> is|skills? ${NEEDED}`, language),
  rule("language", 5, "american? sign language", () => ({ code: "ase" })),
  rule("language", 2, "l:<language>", bareLanguage),
  // In the trade's own words "bilingual" alone means Spanish beside English.
  rule("language", 2.5, "bilingual|bilingue|bilingues", () => ({ code: "es" })),

  rule("status", 4, "s:<status>", status),
  rule("status", 5, "status :|=|is? s:<status>", status),
  rule("status", 5, "do not|n't hire|rehire|return|use|send", ({ scope, to }) => {
    // "do not send LPNs" denies a role, "do not hire welders" are welders of that status.
    const sent = ["use", "send"].includes(scope.tokens[to - 1]?.word ?? "");
    const denies =
      sent && (scope.starts("role", to) !== undefined || scope.starts("person", to) !== undefined);
    return denies ? undefined : { status: "do_not_hire" };
  }),
  rule("status", 5, "dont hire|rehire|return", () => ({ status: "do_not_hire" })),
  rule("status", 5, "do ~- ~not ~- ~hire|rehire|return|use", () => ({ status: "do_not_hire" })),
  rule("status", 5, "not eligible|elegible for|to? rehire?", () => ({ status: "do_not_hire" })),
  rule("status", 4, "no|not longer? active", () => ({ status: "inactive" })),
  rule("status", 5, "on|currently|out assignment|assigned", () => ({ status: "on_assignment" })),
  rule("status", 5, "no|not one|body|any|ningun|nadie? s:inactive|inactivos|inactivo|terminated", () => ({
    status: "active",
  })),
  rule("status", 5, "solo|only s:<status>", status),

  rule("urgent", 3, "<urgent>", ({ scope, from, to }) =>
    scope.tokens[from]?.word === "hot" && HOT_THINGS.has(scope.tokens[to]?.word ?? "") ? undefined : {},
  ),
  rule("urgent", 3, "911 !|:|,|-|;|.", nothing),
  rule("urgent", 4, "right away|now", nothing),
  rule("urgent", 4, "as soon as possible", nothing),
  rule("urgent", 4, "same -? day", ({ scope, to }) =>
    SAME_DAY_AS.has(scope.tokens[to]?.word ?? "") ? undefined : {},
  ),
  rule("urgent", 4, "like|since yesterday", nothing),
  rule("urgent", 4, "lo mas pronto posible", nothing),
  rule("urgent", 4, "lo antes posible", nothing),
  rule("urgent", 4, "de inmediato", nothing),
  rule("urgent", 3, "last - minute", nothing),
  rule("urgent", 4, "a ~. ~s ~. ~a ~. ~p ~.?", nothing),
  rule("urgent", 3, "need|needs|needed|send|me|us now|yesterday", nothing),
  rule("urgent", 2.4, "now", rightNow),
  rule("urgent", 3, "within the hour", nothing),
  rule("urgent", 3.5, "time -? sensitive|critical", nothing),
  rule("urgent", 3, "in a real|bit|tight? of? a? bind|pinch|jam|crunch|pickle|spot", nothing),
  rule("urgent", 3, "short notice", nothing),
  rule("urgent", 3, "in|within the|an|a|1|one next|couple|few? hour|hours", nothing),
  rule("urgent", 3, "this|right|literally minute|second|instant|moment|this now|minute|second?", nothing),
  rule("urgent", 3, "like|right|needed|desperately now|immediately|need", nothing),
  rule("urgent", 3, "desperate|desperately|scrambling|crucial|straightaway|hurry|quickly", nothing),
  rule("urgent", 3, "without delay", nothing),
  rule("urgent", 3, "drop -? dead", nothing),
  rule("urgent", 3, "first available", nothing),
  rule("urgent", 3.5, "me|nos urge|urgen|precisa|precisan", nothing),
  rule("urgent", 3, "para ya", nothing),
  rule("urgent", 3, "ya mismo", nothing),
  rule(
    "aside",
    6,
    "the|el|la <name> family|residence|household|wedding|party|estate|account|reunion|familia",
    nothing,
  ),
  rule(
    "aside",
    5,
    "<name> and|&|-? <name>? brand|brands|inc|llc|corp|ltd|industries|bros|enterprises|holdings|partners|incorporated",
    nothing,
  ),
  rule(
    "courtesy",
    6,
    "conversation|call|discussion|chat|email|message|text|spoke|talked|talk|discussed|mentioned|visit|voicemail with|you|us|on|from|about|the|phone|it? with|you|us|on|from|about|phone? today|yesterday|earlier|tonight",
    nothing,
  ),
  rule(
    "courtesy",
    6,
    "conversation|call|discussion|chat|email|message|text|spoke|talked|talk|discussed|mentioned|voicemail with|you|from? this morning|afternoon|evening",
    nothing,
  ),
  rule("aside", 7, "server room|rack|racks|farm|closet|rooms", nothing),
  rule("aside", 7, "guard rail|rails|shack|dog|dogs", nothing),
  rule("aside", 7, "host family|families|site|city", nothing),
  rule("aside", 7, "driver seat|side", nothing),
  rule("urgent", 3, "call|called off|out|in", calledOff),
  rule("urgent", 3, "no|ncns ~-? call|show ,|/|-? no? ~-? show?", calledOff),
  rule("urgent", 3, "didnt|never|not|wont show|showed|come|came up|in?", calledOff),
  rule("urgent", 8, "no ~-? call ,|/|-? no ~-? show", calledOff),
  rule("urgent", 3, "top|high|highest priority", nothing),
  rule("urgent", 3, "lo mas rapido posible", nothing),
  rule("urgent", 3, "cuanto antes", nothing),
  rule("urgent", 3, "last minute|min|mins", nothing),
  rule("urgent", 4, "as soon as you|u|we|they? can|possible|able|get|available", nothing),
  rule("urgent", 3, "soonest possible?", nothing),
  rule("urgent", 3, "earliest possible", nothing),
  rule("urgent", 9, "cant|cannot wait ,|.|!|-?", nothing),
  rule("urgent", 3, "para ayer", nothing),
  rule("urgent", 3, "de volada|rapido", nothing),
  rule("urgent", 3, "en chinga|caliente|corto", nothing),
  rule("urgent", 3, "a la brevedad posible?", nothing),
  rule("urgent", 2.4, "ya|quick|quickly|fast|rapido", rightNow),
  rule("urgent", 3, "drop everything", nothing),

  rule(
    "negation",
    2,
    "not|without|except|excluding|exclude|minus|non|sin|excepto|menos|tampoco|avoid|skip|nor|never|neither",
    () => ({ after: true }),
  ),
  rule(
    "negation",
    2.5,
    "do|does|is|are|will|can|must|should|dont|doesnt|isnt|arent|aint|wont|cant not|no? need|want|require|send|needed|to|be|a|an|looking|necessarily|use|include? for|a|an|any|me|us|to|have|be?",
    (match) => {
      const words = match.scope.tokens.slice(match.from, match.to).map(({ word }) => word);
      const denies = words.some(
        (word) => word === "not" || word === "no" || /^(?:do|does|is|are|ai|wo|ca)nt$/.test(word),
      );
      return denies ? { after: true } : undefined;
    },
  ),
  rule("negation", 3, "not looking|searching|asking for any|a|an?", () => ({ after: true })),
  rule("negation", 2, "no|ningun|ninguna|nada|ni more|need|de|for|of? for?", (match) => noDenies(match)),
  rule("negation", 2.5, "w ~/ ~o|out", () => ({ after: true })),
  rule("negation", 3, "is|are|es? unnecessary|optional|opcional|unneeded|waived|irrelevant", () => ({
    after: false,
  })),
  // What was ordered and is not wanted any more.
  rule(
    "negation",
    3,
    "cancel|cancels|cancelling|canceling|scratch|nix|remove|forget|cancele|cancelen|cancelar|cancela the|my|our|los|las|el|la? order|request|pedido? for|de|of?",
    (match) => (match.scope.tokens[match.to]?.word === "that" ? undefined : { after: true }),
  ),
  rule("negation", 3, "no longer|more need|needs|needing|want|require|looking for?", () => ({ after: true })),
  rule("negation", 3, "ya no necesito|necesitamos|ocupo|ocupamos|quiero|queremos|se? necesitan?", () => ({
    after: true,
  })),
  rule("negation", 3, "but|y|and|pero|or not|no", () => ({ after: true })),
  rule("negation", 3, "other than", () => ({ after: true })),
  rule("negation", 3, "nobody|noone|none|nadie from|de|in the|la|el|los?", () => ({ after: true })),
  rule("negation", 3, "no|not ~-? one|anyone|anybody from|in the?", () => ({ after: true })),
  rule(
    "negation",
    4,
    "any|all shift|shifts|day|days|time|hours|one|position|role|job? but|except|besides",
    () => ({ after: true }),
  ),
  rule(
    "negation",
    4,
    "all|were|are|is|we|already all|already|good|fully? set|covered|good|staffed|full|stocked|fine on|with|for|in",
    () => ({ after: true }),
  ),
  rule("negation", 4, "have|got enough|plenty|too of? many?", () => ({ after: true })),
  // "we already have cooks"; "must already have a TWIC" is asked for.
  rule("negation", 4, "already|ya have|got|tenemos|tengo|hay the|our|los|las?", ({ scope, to }) =>
    scope.starts("role", to) === undefined ? undefined : { after: true },
  ),
  rule("negation", 4, "0|zero", ({ scope, to }) =>
    scope.starts("role", to) === undefined ? undefined : { after: true },
  ),
  rule("negation", 4, "never mind|mindo about|on? the|those|my|our?", () => ({ after: true })),
  rule("negation", 3.5, "nevermind|nvm about|on? the|those|my|our?", () => ({ after: true })),
  rule("negation", 4, "is|are not what|whom? i|we? want|need|asked|looking for?", () => ({ after: false })),
  rule("negation", 4, "isnt|arent what i|we want|need", () => ({ after: false })),
  rule("negation", 3.5, "stop|quit sending|ordering|using|giving|booking me|us?", () => ({ after: true })),
  rule("negation", 3.5, "dejen|deja|paren de mandar|enviar", () => ({ after: true })),
  // "CDL: no", "CDL n/a".
  rule("negation", 4, ":|=|- no|none|nope|na|n ~/? ~a?", (match) => {
    const { tokens, ends } = match.scope;
    const next = tokens[match.to];
    const last = tokens[match.to - 1]?.word;
    const closed = next === undefined || next.kind === "mark";
    return closed && last !== "n" && ends("certificate", match.from) ? { after: false } : undefined;
  }),
  rule("negation", 4, "n ~/ ~a", ({ scope, from }) =>
    scope.ends("certificate", from) ? { after: false } : undefined,
  ),
  rule("negation", 4, "isnt|not|arent a|an must|requirement|req|dealbreaker|need|necessity|issue", () => ({
    after: false,
  })),
  rule("negation", 3, "anything|anyone|anybody|everyone|everything|todo but|except|menos", () => ({
    after: true,
  })),
  rule("negation", 3, "instead|rather of|than", () => ({ after: true })),
  // "swap the cook for a dishwasher".
  rule(
    "negation",
    3,
    "swap|trade|switch|exchange|replace|change|cambia|cambie|cambien out? the|our|my|that|those|one|a|el|la|los|las? <amount>?",
    ({ scope, to }) => {
      const end = scope.starts("role", to);
      const way = end === undefined ? undefined : scope.tokens[end];
      if (end === undefined || !EXCHANGES.has(way?.word ?? "")) return undefined;
      const other = [end + 1, end + 2].some((at) => scope.starts("role", at) !== undefined);
      // Surer than a count of what is given back.
      return other ? { after: true, weight: EXCHANGE_WEIGHT } : undefined;
    },
  ),
  rule("negation", 3, "en vez|lugar de", () => ({ after: true })),
  rule(
    "negation",
    4,
    "not|isnt|is|are|arent|no not? acceptable|accepted|allowed|eligible|required|needed|necessary|wanted|necesario|necesaria|requerido|requerida|mandatory|se? requiere|necesita|ocupa|needed?",
    (match) => {
      const words = match.scope.tokens.slice(match.from, match.to).map(({ word }) => word);
      const denies = words.some((word) => /^(?:not|isnt|arent|no)$/.test(word));
      const named = words.some((word) =>
        /^(?:acceptable|accepted|allowed|eligible|required|needed|necessary|wanted|necesari[oa]|requerid[oa]|mandatory|requiere|necesita|ocupa)$/.test(
          word,
        ),
      );
      // "driver, no necesita CDL": what is not needed comes behind.
      const { starts, meanings } = match.scope;
      const behind = [0, 1].some(
        (gap) =>
          starts("certificate", match.to + gap) !== undefined || meanings[match.to + gap]?.has("language"),
      );
      const before = match.scope.ends("certificate", match.from);
      return denies && named ? { after: behind && !before } : undefined;
    },
  ),

  rule("experience", 2, "experience|exp|experiencia|background|skills|knowledge", nothing),
  rule(
    "aside",
    4,
    "no|without|sin|zero|any|prior prior|previous|previa? experience|exp|experiencia needed|required|necessary|necesaria|ok|requerida|is? needed|required|necessary?",
    nothing,
  ),

  rule("courtesy", 4, "re|fw|fwd|subject|rv|asunto :", nothing),
  rule("courtesy", 3, "<greeting> <name> ,|!|:|-|\n", nothing),
  rule("courtesy", 3, "<greeting> team|all|folks|everyone|guys|there|equipo|todos ,|!|:|-|\n?", nothing),
  rule("courtesy", 3, "sent|get from|outlook my|for iphone|phone|android|mobile|ios|outlook|ipad", nothing),
  rule("courtesy", 4, "sent from my iphone|phone|android|mobile|ipad|samsung|cell device|galaxy?", nothing),
  rule("courtesy", 4, "enviado desde mi iphone|telefono|celular|android", nothing),
  rule(
    "courtesy",
    4,
    "<closing> so|again|very? much|again|advance|you? ,|!|.|-|\n? ,|!|.|-|\n? <name> <name>?",
    nothing,
  ),
  rule(
    "courtesy",
    3,
    "<closing> you|so|very|again|mucho|for? much|again|your|everything? ,|!|.|\n?",
    nothing,
  ),
  // "hope you had a great Thanksgiving", "enjoy your weekend": no day is meant.
  rule(
    "courtesy",
    9,
    `${WISHING} a|an|your|the|you|all|ya|everyone|team|were|are|had|having|enjoyed|enjoying? ${WISHED}? a|an|your|the? ${WISHED}? a|an|your|the? ${WISHED}? <holiday>|<weekend>|<week>|<weekday>|day|holiday|holidays|one`,
    nothing,
  ),
  rule(
    "courtesy",
    9,
    "have|hope|hoping you|u|ya|yall|everyone|all|youre|your had|have|having|enjoyed|enjoying|were|are|day|week|weekend a|your|the|an? good|great|nice|safe|happy|wonderful|relaxing|blessed|fun|lovely? <holiday>|<weekend>|<week>|<weekday>|day|holiday|holidays|one|is|was?",
    nothing,
  ),
  rule("courtesy", 4, "<phoneword> me|us|at|:|is|#|if|number? at|:|with? <digits3>", nothing),
  rule(
    "courtesy",
    4,
    "ask|see|contact|attn|attention|poc|c|cc|from|call|text|llamar|preguntar|contacto for|to|:|a|por? :? <name> <name>?",
    (match) => {
      const first = match.scope.tokens[match.from]?.word;
      // "from Dallas" is a place.
      return first === "from" &&
        !match.scope.tokens.slice(match.from, match.to).some(({ word }) => word === ":")
        ? undefined
        : {};
    },
  ),
];

function noDenies(match: Match): Of<"negation">["value"] | undefined {
  const next = match.scope.tokens[match.to];
  // "no one", "no later than", "no."
  if (next === undefined || ["one", "later", "earlier", "problem", "worries", "hay", "."].includes(next.word))
    return undefined;
  return { after: true };
}
