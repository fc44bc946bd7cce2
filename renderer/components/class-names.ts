/** The classes that apply, as one attribute. */
export function classNames(...classes: readonly (string | false | undefined)[]): string {
  return classes.filter(Boolean).join(' ');
}
