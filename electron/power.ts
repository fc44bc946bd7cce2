import type { PowerMonitor } from 'electron';
import type { Control } from '../src/client/control.ts';

/**
 * Tells the daemon that the machine woke: what rests there is tried at once. That it goes to sleep needs no word: the daemon sees time leap. One
 * that does not run is not started for it.
 */
export function passWake(monitor: Pick<PowerMonitor, 'on'>, control: Pick<Control, 'call'>): void {
  const wake = () => void control.call('wake', {}, { start: false }).catch(() => {});
  monitor.on('resume', wake);
  // Where the system tells of no sleep, its user unlocks after it all the same.
  monitor.on('unlock-screen', wake);
}
