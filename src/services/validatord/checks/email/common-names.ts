// Words of English and Spanish that are also names: in small letters they are words.

export const COMMON_NAME_WORDS: ReadonlySet<string> = new Set(
  `a able angel april archer art august baker bell bill bird bishop black blanca blue bob bond boss brook brown buck bush
cash chance chase christian church clay clean close coach cook cooper cruz dale dawn day dean drew driver earl early eve
faith farmer ferry field fields finn fish fisher flores ford forest fox frank free gay gene glass gold good grace grand
grant gray green grey guy hall hand hands hardy harper hart heath heather hill holly hope house hunter iris ivy jack
jade jay jean jewel jordan joy judge june justice king knight la lane law leal lee light lily little long love luz mark
marina mars marsh mason may mercy merit miles mill miller moon more morning moss noble north oak olive page paris park
parker pat paz peace pearl penny pepper pike pilot pine pink place pool poor pope porter price prince promise queen rain
ranch rand randy ray reed reed rich ridge river robin rock rose rosa ruby rush rusty sage salt sandy santos scout sea
shaw shell short silver skip sky small smart snow sol south spring stacker star steel stone storm street strong summer
sunny swift taylor temple terry tucker turner van vale vera victor violet walker wall ward water waters way weaver welder
wells west white wild will willow winter wise wolf wood woods worth young york`.split(/\s+/),
);
