using System.Globalization;

namespace ChunkSync.Samples.MainJob;

/// <summary>The command line: the library, then what to page.</summary>
/// <param name="Library">The native library.</param>
/// <param name="Database">A database of the user's, or null for the documentation; for <see cref="Options.DemoJob"/> a folder.</param>
/// <param name="ChunkSize">The chunk size, or null for the default.</param>
/// <param name="ShowAll">Whether all chunks are listed.</param>
/// <param name="Probe">The namespace to take out of stored chunks, or null.</param>
/// <param name="Job">The only part to show, or null for pages, pieces and waiting changes.</param>
/// <param name="Tree">The user's table and its parent column for <see cref="Options.TreeJob"/>, or null for the documentation.</param>
/// <param name="Members">At most so many members of the documentation, where it is waited with or made a tree of.</param>
internal sealed record Options(
    string Library, string? Database, long? ChunkSize, bool ShowAll, string? Probe, string? Job, (string Table, string Parent)? Tree, int Members)
{
    public const string BackfillJob = "backfill";
    public const string WaitingJob = "waiting";
    public const string TreeJob = "tree";
    public const string DemoJob = "demo";
    private const string DefaultNamespace = "System.Text.Json";

    public static Options Parse(string[] args)
    {
        string? library = null;
        string? database = null;
        long? chunkSize = null;
        bool all = false;
        string? probe = null;
        string? job = null;
        List<string> tree = [];
        int members = int.MaxValue;
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
                case "--members" when i + 1 < args.Length:
                    members = int.TryParse(args[++i], NumberStyles.None, CultureInfo.InvariantCulture, out int most) && most > 0
                        ? most
                        : throw new ArgumentException("--members takes a number above 0, not " + args[i]);
                    break;
                case string option when option.StartsWith('-'):
                    throw new ArgumentException("unknown option " + option + "; there are --chunk-size N, --members N and --all");
                case string path when library == null:
                    library = path;
                    break;
                case "probe" when job == null && probe == null && database == null:
                    bool named = i + 1 < args.Length && !args[i + 1].StartsWith('-');
                    probe = named ? args[++i] : DefaultNamespace;
                    break;
                case BackfillJob or WaitingJob or TreeJob or DemoJob when job == null && probe == null && database == null:
                    job = args[i];
                    break;
                case string name when job == TreeJob && database != null && tree.Count < 2:
                    tree.Add(name);
                    break;
                case string path when database == null:
                    database = path;
                    break;
                default:
                    throw new ArgumentException("one database at a time, not also " + args[i]);
            }
        }

        if (library == null || !File.Exists(library))
        {
            throw new ArgumentException("the native library is missing: run ./build.sh first");
        }

        if (database != null && !(job == DemoJob ? Directory.Exists(database) : File.Exists(database)))
        {
            throw new ArgumentException($"there is no {(job == DemoJob ? "folder" : "database")} {database}");
        }

        if (job == DemoJob && database == null)
        {
            throw new ArgumentException("demo takes the folder for its databases");
        }

        if (job == TreeJob && database != null && tree.Count < 2)
        {
            throw new ArgumentException("tree takes a database, a table and its parent column: ./build.sh run tree my.db TABLE PARENT_COLUMN");
        }

        return new Options(Path.GetFullPath(library), database, chunkSize, all, probe, job, tree.Count == 2 ? (tree[0], tree[1]) : null, members);
    }
}
