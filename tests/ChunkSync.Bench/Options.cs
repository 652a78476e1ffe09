using System.Globalization;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench;

/// <summary>The command line.</summary>
internal sealed record Options
{
    public const string Usage = "bench [--peer LIBRARY] [--shapes a,b1,…] [--repeats N] [--limit SECONDS] [--out FOLDER] [--merge FOLDER,…]";

    /// <summary>The native library under test.</summary>
    public required string Library { get; init; }

    /// <summary>Another library with the same SQL surface, or null.</summary>
    public string? Peer { get; init; }

    public IReadOnlyList<Shape> Shapes { get; init; } = ShapeCatalog.All;

    public int Repeats { get; init; } = 3;

    /// <summary>The longest time of one run of one operation.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where the results go.</summary>
    public string Output { get; init; } = Path.Combine("artifacts", "bench");

    /// <summary>Folders of earlier runs, of which tables and plots are made again; nothing is measured then.</summary>
    public IReadOnlyList<string> Merged { get; init; } = [];

    /// <exception cref="ArgumentException">An option is unknown or has no value.</exception>
    public static Options Parse(string[] args)
    {
        Options options = new() { Library = args.Length > 0 && File.Exists(args[0]) ? args[0] : throw new ArgumentException(Usage) };
        for (int i = 1; i < args.Length; i += 2)
        {
            string value = i + 1 < args.Length ? args[i + 1] : throw new ArgumentException(args[i] + " needs a value: " + Usage);
            options = args[i] switch
            {
                "--peer" => options with { Peer = Existing(value) },
                "--shapes" => options with { Shapes = [.. value.Split(',').Select(ShapeCatalog.Find)] },
                "--repeats" => options with { Repeats = Number(args[i], value) },
                "--limit" => options with { Limit = TimeSpan.FromSeconds(Number(args[i], value)) },
                "--out" => options with { Output = value },
                "--merge" => options with { Merged = [.. value.Split(',')] },
                _ => throw new ArgumentException($"unknown option {args[i]}: {Usage}"),
            };
        }

        return options;
    }

    private static string Existing(string path) => File.Exists(path) ? Path.GetFullPath(path)
        : File.Exists(path + ".so") ? Path.GetFullPath(path + ".so")
        : throw new ArgumentException("--peer: there is no file " + path);

    private static int Number(string option, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? number
            : throw new ArgumentException($"{option} takes a number above 0, not {value}");
}
