using System.Globalization;

namespace ChunkSync.Samples.MainJob;

/// <summary>The command line: the library, then what to page.</summary>
/// <param name="Library">The native library.</param>
/// <param name="Database">A database of the user's, or null for the documentation.</param>
/// <param name="ChunkSize">The chunk size, or null for the default.</param>
/// <param name="ShowAll">Whether all chunks are listed.</param>
/// <param name="Backfill">Whether only the pieces of tables are shown.</param>
/// <param name="Probe">The namespace to take out of stored chunks, or null to page chunks.</param>
internal sealed record Options(string Library, string? Database, long? ChunkSize, bool ShowAll, string? Probe, bool Backfill)
{
    private const string DefaultNamespace = "System.Text.Json";

    public static Options Parse(string[] args)
    {
        string? library = null;
        string? database = null;
        long? chunkSize = null;
        bool all = false;
        string? probe = null;
        bool backfill = false;
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--all":
                    all = true;
                    break;
                case "--chunk-size" when i + 1 < args.Length:
                    chunkSize = long.TryParse(args[++i], NumberStyles.None, CultureInfo.InvariantCulture, out long size)
                        ? size
                        : throw new ArgumentException("--chunk-size takes a number of bytes, not " + args[i]);
                    break;
                case string option when option.StartsWith('-'):
                    throw new ArgumentException("unknown option " + option + "; there are --chunk-size N and --all");
                case string path when library == null:
                    library = path;
                    break;
                case "probe" when probe == null && database == null:
                    bool named = i + 1 < args.Length && !args[i + 1].StartsWith('-');
                    probe = named ? args[++i] : DefaultNamespace;
                    break;
                case "backfill" when !backfill && probe == null && database == null:
                    backfill = true;
                    break;
                default:
                    database = args[i];
                    break;
            }
        }

        if (library == null || !File.Exists(library))
        {
            throw new ArgumentException("the native library is missing: run ./build.sh first");
        }

        if (database != null && !File.Exists(database))
        {
            throw new ArgumentException("there is no database " + database);
        }

        return new Options(Path.GetFullPath(library), database, chunkSize, all, probe, backfill);
    }
}
