// Runs when the pages are closed: shows what was pushed, and opens it.
self.addEventListener("push", (event) => {
  const told = event.data?.json() ?? {};
  const options = { body: told.body, tag: told.tag, data: { url: told.url }, icon: "/static/rapport/mark.svg" };
  event.waitUntil(self.registration.showNotification(told.title ?? "Rapport", options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url ?? "/", self.location.origin);
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((open) => {
      const page = open[0];
      return page ? page.focus().then(() => page.navigate(url.href)) : self.clients.openWindow(url.href);
    }),
  );
});
