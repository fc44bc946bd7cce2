/** Whom a package names as the one to ask, which Debian's format requires. Nobody publishes it yet: who does puts their own here. */
export const publisher = {
  name: 'Sallyport contributors',
  email: 'maintainers@sallyport.invalid',
  homepage: 'https://sallyport.invalid',
} as const;
