{
  const { after, from = location.pathname + location.search } = document.currentScript.dataset;
  globalThis.again = setTimeout(() => location.replace(from), (+after + 2) * 1000);
}
