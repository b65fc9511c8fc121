import { mock } from "node:test";

/** Stands in for the clock from now on: it says what it is set to, in milliseconds, until it is disposed of. */
export function fakeClock(now: number): Disposable & { set(now: number): void } {
  mock.timers.enable({ apis: ["Date"], now });
  return {
    set: (time) => mock.timers.setTime(time),
    [Symbol.dispose]: () => mock.timers.reset(),
  };
}
