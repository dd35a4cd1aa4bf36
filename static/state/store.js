// The one store: a plain object that is replaced, never changed, and a hook that redraws when the chosen part of it is another.
import { useEffect, useRef, useState } from "../vendor/htm-preact.js";

export function createStore(initial) {
  let state = initial;
  const listeners = new Set();
  return {
    get: () => state,
    /** Takes the fields that change, or a function from the state to them. */
    set(change) {
      state = { ...state, ...(typeof change === "function" ? change(state) : change) };
      for (const listener of [...listeners]) listener(state);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The part of the store that `choose` picks. It must pick, not build: what it builds is always another. */
export function useStore(store, choose) {
  const latest = useRef(choose);
  latest.current = choose;
  const [, setChosen] = useState(() => choose(store.get()));
  useEffect(() => {
    const look = (state) => setChosen(() => latest.current(state));
    look(store.get());
    return store.subscribe(look);
  }, [store]);
  return choose(store.get());
}
