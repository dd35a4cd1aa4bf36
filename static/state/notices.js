// A short sentence at the edge of the screen, for what has no better place. It goes by itself.

const SHOWN_MS = 7_000;

export function tell({ store }, text) {
  const notice = { text };
  store.set({ notice });
  setTimeout(() => store.set((state) => (state.notice === notice ? { notice: null } : {})), SHOWN_MS);
}

export const hush = ({ store }) => store.set({ notice: null });
