/**
 * The entry of the single executable, which brings its own Node: nothing to check before the program is loaded, and no top-level await, as
 * its main script is CommonJS.
 */
import { main } from './main.ts';

// process.argv[1] is what it was called as, where a script's path would be.
void main(process.argv.slice(2));
