// Made conversations of two people over months, and questions whose evidence is known: which turns say the answer. In the
// manner of LoCoMo: sessions with dates, short turns, small talk, both people doing alike things at other times, answers
// that lean on the turn before, questions in other words than the answers. The same seed makes the same ones.

import { type Random, seeded } from "#lib/random";

export interface Turn {
  readonly id: string;
  readonly speaker: string;
  readonly text: string;
  /** As people write it: "1:56 pm on 8 May, 2023". */
  readonly date: string;
}

export type QuestionKind = "single" | "multi" | "temporal" | "open";

export interface Question {
  readonly kind: QuestionKind;
  readonly text: string;
  /** Ids of turns; one of them is enough for a start. */
  readonly evidence: readonly string[];
}

export interface Conversation {
  readonly id: string;
  readonly turns: readonly Turn[];
  readonly questions: readonly Question[];
}

/** What may have happened to somebody. `says` tells it; `asked` is a follow-up of the other, `answer` what only makes sense after it. */
interface Happening {
  readonly topic: string;
  readonly says: readonly string[];
  readonly asked: string;
  readonly answers: readonly string[];
  /** For what was told at first: {p} is the person. */
  readonly questions: readonly string[];
  /** For the answer. */
  readonly detail: readonly string[];
  /** Needs more than the words. */
  readonly open: string;
}

const HAPPENINGS: readonly Happening[] = [
  {
    topic: "pottery",
    says: [
      "I signed up for a pottery class {when}, it's like therapy for me.",
      "{When} I finally tried the wheel at that pottery place downtown, so messy and so fun.",
    ],
    asked: "Wow, what did you make?",
    answers: [
      "A black and white bowl, I'm so proud of it!",
      "Just a lopsided cup with a dog face on it, haha.",
    ],
    questions: ["When did {p} sign up for a pottery class?", "What ceramics activity did {p} take up?"],
    detail: ["What did {p} make in the pottery class?", "What object did {p} create out of clay?"],
    open: "What creative hobby helps {p} relax?",
  },
  {
    topic: "support group",
    says: [
      "I went to a LGBTQ support group {when} and it was so powerful.",
      "{When} I sat in on a support group for the first time, hearing everyone's stories really moved me.",
    ],
    asked: "That's really cool. What stuck with you the most?",
    answers: [
      "The transgender stories were so inspiring, I felt accepted.",
      "How brave they all were. It gave me courage to be myself.",
    ],
    questions: ["When did {p} go to the LGBTQ support group?", "Which community meeting did {p} attend?"],
    detail: [
      "What did {p} find inspiring about the support group?",
      "How did the support group make {p} feel?",
    ],
    open: "Would {p} be considered a member of the LGBTQ community?",
  },
  {
    topic: "marathon",
    says: [
      "I ran a charity race for mental health {when}, it was really rewarding.",
      "Guess what, {when} I finished my first half marathon!",
    ],
    asked: "Amazing! How did it go?",
    answers: [
      "My knees hurt but we raised over $500 for the clinic.",
      "Slower than I wanted, but crossing the line with my sister was priceless.",
    ],
    questions: ["When did {p} run a charity race?", "What athletic event did {p} complete?"],
    detail: ["How much money did {p} raise at the race?", "Who crossed the finish line with {p}?"],
    open: "Is {p} physically active?",
  },
  {
    topic: "dog",
    says: [
      "We adopted a puppy {when}! The house is chaos now.",
      "{When} we brought home a rescue dog from the shelter.",
    ],
    asked: "Aww! What's the name?",
    answers: ["We called him Oscar, the kids chose it.", "Luna, because she came to us at night."],
    questions: ["When did {p} adopt a dog?", "Where did {p}'s pet come from?"],
    detail: ["What is the name of {p}'s puppy?", "Why did {p} call the dog that?"],
    open: "Does {p} like animals?",
  },
  {
    topic: "camping",
    says: [
      "We went camping in the mountains {when}, the kids loved it.",
      "{When} the whole family slept under the stars by the lake.",
    ],
    asked: "Sounds lovely. What was the best part?",
    answers: [
      "Roasting marshmallows and telling stories around the fire.",
      "We saw the Perseid meteor shower, I felt tiny and in awe.",
    ],
    questions: ["When did {p} go camping?", "Where did {p}'s family spend the night outdoors?"],
    detail: [
      "What did {p} and the family do around the campfire?",
      "What did {p} see in the sky on the trip?",
    ],
    open: "Does {p} enjoy spending time in nature?",
  },
  {
    topic: "painting",
    says: [
      "I painted that lake sunrise {when}! It's special to me.",
      "{When} I picked up my brushes again after years.",
    ],
    asked: "Gorgeous. What inspired it?",
    answers: [
      "The colors at my grandma's cottage when I was little.",
      "I was feeling low and wanted something full of light.",
    ],
    questions: ["When did {p} paint a sunrise?", "When did {p} resume making art?"],
    detail: ["What was the inspiration for {p}'s picture?", "What childhood memory is behind {p}'s artwork?"],
    open: "What medium does {p} use to express feelings?",
  },
  {
    topic: "job",
    says: [
      "I lost my job as a banker {when}, so I'm going to take a shot at starting my own business.",
      "Big news: {when} I got the offer from the counseling center!",
    ],
    asked: "Whoa, how are you feeling about it?",
    answers: [
      "Nervous, but I always wanted to open a dance studio.",
      "Thrilled, helping people with mental health is my calling.",
    ],
    questions: ["When did {p} lose the job as a banker?", "What career change did {p} go through?"],
    detail: ["What kind of business does {p} want to open?", "Why did {p} choose that profession?"],
    open: "What field would {p} be likely to pursue?",
  },
  {
    topic: "violin",
    says: [
      "I started violin lessons {when}, my neighbors must hate me.",
      "{When} I played the clarinet in front of people for the first time in ages.",
    ],
    asked: "Ha! Which piece?",
    answers: ["Some Bach, and then Ed Sheeran for the kids.", "A Mozart concerto. My hands were shaking!"],
    questions: ["When did {p} begin to learn the violin?", "What instrument does {p} play?"],
    detail: ["Which composer's music did {p} perform?", "What songs did {p} play?"],
    open: "Is {p} a musical person?",
  },
  {
    topic: "adoption",
    says: [
      "I applied to adoption agencies {when}. I've always wanted a family.",
      "{When} I passed the adoption agency interviews!",
    ],
    asked: "So exciting! Why that agency?",
    answers: [
      "They help LGBTQ+ folks and their inclusivity spoke to me.",
      "A friend went through them, and they support single parents.",
    ],
    questions: [
      "When did {p} apply to adoption agencies?",
      "What step did {p} take towards becoming a parent?",
    ],
    detail: ["Why did {p} choose the adoption agency?", "What kind of people does {p}'s agency support?"],
    open: "Would {p} want to have children?",
  },
  {
    topic: "cooking",
    says: [
      "I won the cook-off at the county fair {when}!",
      "{When} I took a course on Thai food, my kitchen smells heavenly.",
    ],
    asked: "Yum! What was on the menu?",
    answers: [
      "My mom's chili with dark chocolate, it's a secret.",
      "Green curry and mango sticky rice from scratch.",
    ],
    questions: ["When did {p} win the cook-off?", "What culinary course did {p} attend?"],
    detail: ["What dish did {p} prepare?", "What ingredient does {p} add to the chili?"],
    open: "What could {p} bring to a dinner party?",
  },
  {
    topic: "move",
    says: [
      "I moved into a new apartment near the river {when}.",
      "{When} we closed on the house! No more rent.",
    ],
    asked: "Congrats! What do you like about it?",
    answers: [
      "The balcony, I have coffee there each morning.",
      "There is a workshop in the back for my carpentry.",
    ],
    questions: ["When did {p} move to a new apartment?", "When did {p} buy a home?"],
    detail: ["Where does {p} drink coffee in the morning?", "What will {p} use the workshop for?"],
    open: "Is {p}'s living situation stable?",
  },
  {
    topic: "trip",
    says: ["I flew to Rome {when} with my best friend.", "{When} I got back from Tokyo, still jet lagged."],
    asked: "Jealous! What did you see?",
    answers: [
      "The Colosseum at night, and way too much gelato.",
      "A tiny ramen place with six seats and the best broth of my life.",
    ],
    questions: ["When did {p} travel to Rome?", "Which city in Asia did {p} visit?"],
    detail: ["Which landmark did {p} visit at night?", "What did {p} eat on the journey?"],
    open: "Has {p} been abroad?",
  },
  {
    topic: "book",
    says: [
      "I finished reading Becoming Nicole {when}, couldn't put it down.",
      "{When} I started a book club with some moms from school.",
    ],
    asked: "Oh nice. What did you take away?",
    answers: [
      "That self-acceptance takes time, and hope is worth it.",
      "That I need to slow down. And that wine helps with discussion.",
    ],
    questions: ["When did {p} read Becoming Nicole?", "What reading activity did {p} organize?"],
    detail: ["What did {p} learn from the novel?", "What lesson did {p} take from reading?"],
    open: "Does {p} read for pleasure?",
  },
  {
    topic: "injury",
    says: [
      "I hurt my back {when} and had to pause the gym.",
      "{When} I tripped on the stairs and broke my wrist, ugh.",
    ],
    asked: "Oh no! What did the doctor say?",
    answers: ["Six weeks of rest, and swimming after that.", "It will heal, but no tennis this summer."],
    questions: ["When did {p} hurt the back?", "What accident happened to {p}?"],
    detail: ["How long does {p} have to rest?", "Which sport can't {p} play this summer?"],
    open: "Did {p} have a health setback?",
  },
  {
    topic: "concert",
    says: [
      "I took my daughter to see Matt Patterson live {when}, what a voice.",
      "{When} we had front row seats at the jazz festival.",
    ],
    asked: "Lucky! Favorite moment?",
    answers: [
      "When the whole crowd sang the last chorus with phone lights on.",
      "A drum solo that went on for ten minutes, goosebumps!",
    ],
    questions: ["When did {p} see Matt Patterson?", "What music event did {p} attend?"],
    detail: ["What did the audience do that {p} loved?", "Which instrument gave {p} goosebumps?"],
    open: "What sort of evening would {p} enjoy?",
  },
  {
    topic: "volunteer",
    says: [
      "I volunteered at the homeless shelter {when}, humbling stuff.",
      "{When} I gave a talk at my old school about finding your path.",
    ],
    asked: "You're the best. What made you do it?",
    answers: [
      "A family on the street corner, I couldn't just walk by.",
      "A teacher once did that for me, it was time to give back.",
    ],
    questions: ["When did {p} volunteer at the homeless shelter?", "Where did {p} give a speech?"],
    detail: ["What motivated {p} to help?", "Who inspired {p} to give back?"],
    open: "What are {p}'s values?",
  },
  {
    topic: "garden",
    says: [
      "I planted tomatoes and basil {when}, my thumbs are green-ish.",
      "{When} the roses in my yard finally bloomed.",
    ],
    asked: "Pics please! Was it hard?",
    answers: [
      "Slugs ate half, then I put copper tape around everything.",
      "Just patience, and my grandpa's compost trick.",
    ],
    questions: ["When did {p} plant tomatoes?", "Which flowers grow at {p}'s place?"],
    detail: ["How did {p} protect the vegetables?", "Whose advice did {p} use for the soil?"],
    open: "Does {p} like growing things?",
  },
  {
    topic: "wedding",
    says: [
      "We celebrated five years of marriage {when}. Time flies!",
      "{When} my brother got married on the beach.",
    ],
    asked: "So sweet. How did you spend it?",
    answers: [
      "Dancing in the kitchen to our old song, barefoot.",
      "I cried during the vows and then tore my dress on the dance floor.",
    ],
    questions: ["When was {p}'s anniversary?", "When did {p}'s sibling marry?"],
    detail: ["How did {p} and the spouse celebrate?", "What happened to {p}'s outfit?"],
    open: "Is {p} a romantic?",
  },
  {
    topic: "class",
    says: [
      "I passed the real estate exam {when}, three months of studying paid off.",
      "{When} I went back to school for a degree in psychology.",
    ],
    asked: "Proud of you! What's next?",
    answers: [
      "Finding a broker who lets me work weekends.",
      "An internship at the youth center in the spring.",
    ],
    questions: ["When did {p} pass the exam?", "What subject does {p} study?"],
    detail: ["What does {p} look for after the exam?", "Where will {p} intern?"],
    open: "Is {p} ambitious?",
  },
  {
    topic: "car",
    says: [
      "My old Prius died {when}, right on the highway.",
      "{When} I picked up a used pickup truck, bright red.",
    ],
    asked: "Yikes! So how do you get around?",
    answers: [
      "By bike, and honestly I feel fitter than ever.",
      "It hauls all my camping gear, no complaints.",
    ],
    questions: ["When did {p}'s Prius break down?", "What vehicle did {p} purchase?"],
    detail: ["How does {p} commute now?", "What does {p} transport in the truck?"],
    open: "Does {p} care about the environment?",
  },
];

const NAMES = [
  "Caroline",
  "Melanie",
  "Jon",
  "Gina",
  "Tim",
  "Maria",
  "Nate",
  "Joanna",
  "Evan",
  "Sam",
  "Audrey",
  "Andrew",
  "Dave",
  "Calvin",
  "Deborah",
  "Jolene",
  "James",
  "John",
  "Lena",
  "Omar",
];

/** {o} is the other person. None says anything that a question asks. */
const SMALL_TALK: readonly (readonly [string, string])[] = [
  [
    "Hey {o}! Good to see you! How have you been?",
    "Hey {o}! I'm swamped with the kids and work. What's up with you?",
  ],
  ["Thanks, {o}! Your support means a lot to me.", "Of course, {o}! That's what friends are for."],
  ["That's so cool, {o}! You must be really happy.", "Yeah, {o}, I feel really lucky. Thanks for listening."],
  [
    "Hi {o}, long time no talk! So much has been going on.",
    "{o}! So good to hear from you. Tell me everything!",
  ],
  ["It's great how you always stay positive, {o}.", "Thanks {o}, I try my best. Family keeps me going."],
  ["How is everyone at home, {o}?", "All good, {o}, busy as always with school and sports."],
  ["Let's catch up again soon, {o}!", "Sounds great, {o}. Take care and have a wonderful day!"],
  ["I really admire you, {o}. Keep going!", "That means the world, {o}. Bye for now!"],
  ["Work was crazy this week, I need a break.", "Same here, {o}. We should plan something fun."],
  ["Life is what we make of it, right?", "So true, {o}. One day at a time."],
];

const WHEN = [
  "yesterday",
  "last week",
  "last Friday",
  "two days ago",
  "last weekend",
  "this morning",
  "a few days ago",
  "last month",
  "on Tuesday",
  "the other day",
];

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const SESSIONS = 18;
const HAPPENINGS_A_SESSION = 2;
const DAY_MS = 86_400_000;

export function makeConversations(seed: number, count: number): Conversation[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, at) => makeConversation(random, `conv-${at}`));
}

function makeConversation(random: Random, id: string): Conversation {
  const first = random.pick(NAMES);
  const people = [first, random.pick(NAMES.filter((name) => name !== first))] as const;
  const turns: Turn[] = [];
  const questions: Question[] = [];
  const told = new Map<string, { person: string; happening: Happening; turns: string[] }>();
  let day = Date.UTC(2022, random.below(12), 1 + random.below(28));
  for (let session = 1; session <= SESSIONS; session += 1) {
    day += (3 + random.below(20)) * DAY_MS;
    const date = dateText(random, day);
    let number = 0;
    const say = (speaker: string, text: string): string => {
      number += 1;
      const turn = `${id}:D${session}:${number}`;
      turns.push({ id: turn, speaker, text: filled(text, other(people, speaker)), date });
      return turn;
    };
    const chat = (): void => {
      const [a, b] = random.pick(SMALL_TALK);
      const speaker = random.pick(people);
      say(speaker, a);
      say(other(people, speaker), b);
    };
    chat();
    for (let i = 0; i < HAPPENINGS_A_SESSION; i += 1) {
      const speaker = random.pick(people);
      const happening = random.pick(HAPPENINGS);
      const key = `${speaker} ${happening.topic}`;
      // Somebody who comes back to a topic says the other thing.
      const before = told.get(key);
      if (before !== undefined && before.turns.length >= 4) continue;
      const form = before === undefined ? 0 : 1;
      const when = random.pick(WHEN);
      const statement = (happening.says[form] ?? "")
        .replace("{when}", when)
        .replace("{When}", when.charAt(0).toUpperCase() + when.slice(1));
      const toldTurn = say(speaker, statement);
      say(other(people, speaker), happening.asked);
      const answerTurn = say(speaker, happening.answers[form] ?? "");
      if (random.next() < 0.7) chat();
      const ask = (kind: QuestionKind, text: string, evidence: readonly string[]): void => {
        questions.push({ kind, text: text.replaceAll("{p}", speaker), evidence });
      };
      const question = happening.questions[form] ?? "";
      ask(question.startsWith("When") ? "temporal" : "single", question, [toldTurn]);
      ask("single", happening.detail[form] ?? "", [answerTurn]);
      const entry = before ?? { person: speaker, happening, turns: [] };
      entry.turns.push(toldTurn, answerTurn);
      told.set(key, entry);
      if (i === 0 || random.next() < 0.5) chat();
    }
    chat();
  }
  for (const { person, happening, turns: evidence } of told.values()) {
    questions.push({ kind: "open", text: happening.open.replaceAll("{p}", person), evidence });
    if (evidence.length >= 4)
      questions.push({
        kind: "multi",
        text: `What has ${person} done that has to do with ${happening.topic}?`,
        evidence,
      });
  }
  return { id, turns, questions };
}

function other(people: readonly [string, string], speaker: string): string {
  return speaker === people[0] ? people[1] : people[0];
}

function filled(text: string, name: string): string {
  return text.replaceAll("{o}", name);
}

function dateText(random: Random, day: number): string {
  const date = new Date(day);
  const hour = 1 + random.below(11);
  const minute = String(random.below(60)).padStart(2, "0");
  return `${hour}:${minute} ${random.pick(["am", "pm"])} on ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ""}, ${date.getUTCFullYear()}`;
}
