// Links to files end: whoever keeps a message long enough gets new ones.
import { useEffect, useState } from "../vendor/htm-preact.js";
import { useSession } from "./session.js";

/** How long before its end a link is renewed, in milliseconds. */
const EARLY_MS = 60_000;

/** The file, with links that are renewed before they end. */
export function useFreshLink(file) {
  const { api } = useSession();
  const [renewed, setRenewed] = useState(null);
  const present = renewed?.of === file.url ? { ...file, ...renewed } : file;
  useEffect(() => {
    if (!file.file_id || !present.expires_at) return undefined;
    const left = Date.parse(present.expires_at) - Date.now() - EARLY_MS;
    const renew = async () => {
      const { items } = await api("POST", "/files/links", { ids: [file.file_id] });
      const [fresh] = items;
      if (fresh) setRenewed({ of: file.url, url: fresh.url, thumb_url: fresh.thumb_url, view_url: fresh.view_url, expires_at: fresh.expires_at });
    };
    // A file that is gone keeps its link, which says so.
    const timer = setTimeout(() => renew().catch(() => {}), Math.max(0, left));
    return () => clearTimeout(timer);
  }, [file.url, present.expires_at]);
  return present;
}
