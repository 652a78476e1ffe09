using System.CommandLine;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>The options that choose what is sent, the same for every command.</summary>
internal sealed class WindowOptions
{
    private readonly Option<long?> since = Parsed<long?>("--since", "N", "Changes behind a version; 0 for all, which is the default", text =>
        long.TryParse(text, out long value) && value >= 0 ? value : null);

    private readonly Option<long?> until = Parsed<long?>("--until", "N", "Up to a version; the newest one unless it is given", text =>
        long.TryParse(text, out long value) && value >= 0 ? value : null);

    private readonly Option<ChunkCursor?> from = Parsed<ChunkCursor?>("--from", "CURSOR", "Changes from a cursor on, as in 12.0.262144", text =>
        ChunkCursor.TryParse(text, null, out ChunkCursor value) ? value : null);

    private readonly Option<SiteId?> site = Parsed<SiteId?>("--site", "HEX", "Only the changes of a site; those of this database unless it is given", text =>
        SiteId.TryParse(text, null, out SiteId value) ? value : null);

    private readonly Option<SiteId?> allButSite = Parsed<SiteId?>("--all-but-site", "HEX", "The changes of all sites but one", text =>
        SiteId.TryParse(text, null, out SiteId value) ? value : null);

    private readonly Option<long?> chunkSize = Parsed<long?>("--chunk-size", "BYTES", "The largest chunk, from 256K to 32M", text =>
        ByteSize.TryParse(text, out long value) ? value : null);

    private readonly Option<long?> windowBytes = Parsed<long?>(
        "--window-bytes", "BYTES", "Ends the window at the end of a version once so many bytes are out", text => ByteSize.TryParse(text, out long value) ? value : null);

    /// <summary>Makes them options of a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[since, until, from, site, allButSite, chunkSize, windowBytes])
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            Refuse(result, since, from);
            Refuse(result, site, allButSite);
        });
        chunkSize.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string text }] && ByteSize.TryParse(text, out long value) && value is < ChunkSizeSetting.Least or > ChunkSizeSetting.Largest)
            {
                result.AddError($"--chunk-size {text} is not from 256K to 32M (262,144 to 33,554,432 bytes)");
            }
        });
    }

    /// <summary>Whether one of them was given.</summary>
    public bool IsGiven(System.CommandLine.Parsing.CommandResult result) =>
        ((Option[])[since, until, from, site, allButSite, chunkSize, windowBytes]).Any(option => result.GetResult(option) is { Implicit: false });

    /// <summary>The window that they choose.</summary>
    public ChunkWindow Window(ParseResult parsed)
    {
        ChunkWindow window = parsed.GetValue(from) is ChunkCursor cursor ? new ChunkWindow(cursor) : new ChunkWindow(parsed.GetValue(since) ?? 0);
        return window with
        {
            Until = parsed.GetValue(until),
            Sites = Sites(parsed),
            MaxWindowBytes = parsed.GetValue(windowBytes) ?? 0,
        };
    }

    /// <summary>Whose changes they choose.</summary>
    public ChunkSites Sites(ParseResult parsed) => parsed.GetValue(site) is SiteId only
        ? ChunkSites.Only(only)
        : parsed.GetValue(allButSite) is SiteId other ? ChunkSites.AllBut(other) : ChunkSites.Own;

    /// <summary>The largest chunk; null for the database's setting.</summary>
    public int? ChunkSize(ParseResult parsed) => (int?)parsed.GetValue(chunkSize);

    private static Option<T?> Parsed<T>(string name, string helpName, string description, Func<string, T?> parse) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            T? value = parse(text);
            if (value is null)
            {
                result.AddError($"{name} {text} is no {helpName}");
            }

            return value;
        },
    };

    private static void Refuse(System.CommandLine.Parsing.CommandResult result, Option left, Option right)
    {
        if (result.GetResult(left) is { Implicit: false } && result.GetResult(right) is { Implicit: false })
        {
            result.AddError($"{left.Name} and {right.Name} exclude each other");
        }
    }
}
