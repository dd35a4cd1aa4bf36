// Doing something that the server may refuse, and keeping what it said, for the place where it was asked.
import { useState } from "../vendor/htm-preact.js";

/** @returns {{attempt: (work: () => Promise<unknown>) => Promise<void>, problem: string|null, isWaiting: boolean}} */
export function useAttempt() {
  const [state, setState] = useState({ problem: null, isWaiting: false });
  const attempt = async (work) => {
    setState({ problem: null, isWaiting: true });
    try {
      await work();
      setState({ problem: null, isWaiting: false });
    } catch (error) {
      setState({ problem: error.message, isWaiting: false });
    }
  };
  return { attempt, ...state };
}
