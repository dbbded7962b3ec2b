/** A pattern as people read it: not everybody who writes a mail server knows regular expressions. Pure. */

/** What would still be read as an expression, and not as text. */
const EXPRESSION = /[\\()[\]{}|?*+^$]/;

/**
 * `2 N` for `^2 [1-9]\d*`, `3 9xxxx` for `^3 9\d{4}\b`: N is a number, x a digit, as in `5xx`. `1 NAME` for
 * `1 \S+`: any word, `SASL ... PLAIN` for `SASL .*PLAIN`, and `2.N.N` for `^2\.\d+\.\d+`. A pattern that says more than this is shown as it is, between slashes.
 */
export function patternInWords({ source }: RegExp): string {
  const words = source
    .replace(/^\^|\$$/g, '')
    .replace(/\.\*$|\\b/g, '')
    .replace(/\(\?<\w+>([^()]*)\)/g, '$1')
    .replaceAll(' +', ' ')
    .replaceAll('\\S+', 'NAME')
    .replace(/\[!-~\]\{1,(\d+)\}/g, 'NAME of at most $1 characters')
    .replaceAll('.*', '... ')
    .replaceAll('\\.\\d', '.\\d')
    .replace(/\[1-9\]\\d\*|\\d\+/g, 'N')
    .replace(/\\d\{(\d+)\}/g, (_, digits: string) => 'x'.repeat(Number(digits)));
  return EXPRESSION.test(words) ? `/${source}/` : words;
}
