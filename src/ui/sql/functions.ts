// Functions that the editor offers, with what they take. A test holds each to the list of what a statement may call.

export interface OfferedFunction {
  readonly name: string;
  readonly takes: string;
}

const TABLE = `
count *|rows, or values of a column
sum number
avg number
min value
max value
median number
quantile_cont number, share
stddev number
any_value value
arg_max value, by
arg_min value, by
mode value
first value
last value
list value
string_agg text, separator
count_if condition
approx_count_distinct value
bool_and condition
bool_or condition
histogram value
row_number
rank
dense_rank
lag value, offset
lead value, offset
ntile count
first_value value
last_value value
abs number
ceil number
floor number
round number, digits
greatest a, b, ...
least a, b, ...
sqrt number
ln number
log number
exp number
pow number, power
mod number, divisor
sign number
random
coalesce a, b, ...
nullif a, b
length text
lower text
upper text
trim text
ltrim text
rtrim text
lpad text, length, with
rpad text, length, with
left text, length
right text, length
substring text, start, length
replace text, from, to
split_part text, separator, at
string_split text, separator
regexp_matches text, pattern
regexp_replace text, pattern, with
regexp_extract text, pattern, group
contains text, part
starts_with text, start
ends_with text, end
strpos text, part
concat a, b, ...
concat_ws separator, a, b, ...
format pattern, values
printf pattern, values
reverse text
levenshtein a, b
jaro_winkler_similarity a, b
date_trunc part, time
date_part part, time
date_diff part, from, to
date_add time, interval
strftime time, format
strptime text, format
try_strptime text, format
make_date year, month, day
age time, time
year time
month time
day time
hour time
minute time
dayofweek time
dayname time
monthname time
last_day time
epoch time
now
current_date
to_timestamp seconds
unnest list
generate_series from, to, step
range from, to, step
list_contains list, value
list_distinct list
list_sort list
list_filter list, function
list_transform list, function
array_length list
json_extract json, path
json_extract_string json, path
json_array_length json
json_keys json
md5 text
hash value
typeof value
`;

export const OFFERED_FUNCTIONS: readonly OfferedFunction[] = TABLE.trim()
  .split("\n")
  .map((line) => {
    const [name = "", ...takes] = line.split(" ");
    return { name, takes: takes.join(" ") };
  });
