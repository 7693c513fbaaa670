// Methods, datasets and tasks whose name or alias contains a text.
// param text: str, such as "net"
// param limit: int = 20
MATCH (e:Method|Dataset|Task)
WITH e, reduce(spellings = e.name, alias IN e.aliases | spellings + ' | ' + alias) AS spellings
WHERE toLower(spellings) CONTAINS toLower($text)
RETURN labels(e)[0] AS kind, e.name AS name, e.papers AS papers, e.aliases AS aliases
ORDER BY papers DESC, name, kind
LIMIT $limit
