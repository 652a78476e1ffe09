using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Host;

/// <summary>How long a randomised test goes on: a fixed number of turns in <c>./build.sh test</c>, its share of the time in
/// <c>./build.sh soak</c>. Counts what was tried, and prints it as one line when the test is over.</summary>
/// <remarks>
/// <code>
/// [Fact, Soak("alter-histories", Weight = 3)]
/// public void Replicas_converge_when_tables_are_altered()
/// {
///     using Effort effort = Effort.Start("alter-histories", output, sample: 40);
///     while (effort.Next("histories"))
///     {
///         effort.Add("statements", Run(effort.Random));
///     }
/// }
/// </code>
/// Every turn has a random number generator of its own, so that a turn that failed can be repeated without those before it: what to set
/// CHUNKSYNC_SEED to is printed when the loop is left early. The line goes to the test's output, and to the end of the file that
/// CHUNKSYNC_EFFORTS names, of which build.sh makes a table.
/// </remarks>
public sealed class Effort : IDisposable
{
    /// <summary>Minutes for all soak tests of a project together; set by <c>./build.sh soak</c>.</summary>
    private const string MinutesVariable = "CHUNKSYNC_SOAK_MINUTES";

    /// <summary>A part of the names of the soak tests that share the minutes; empty for all.</summary>
    private const string OnlyVariable = "CHUNKSYNC_SOAK_ONLY";

    private const string LogVariable = "CHUNKSYNC_EFFORTS";

    private static readonly Lock LogLock = new();

    private readonly string name;
    private readonly ITestOutputHelper output;
    private readonly int sample;
    private readonly int seed;
    private readonly Stopwatch elapsed = Stopwatch.StartNew();
    private readonly Dictionary<string, long> counts = [];
    private long turn = -1;
    private bool ended;

    private Effort(string name, ITestOutputHelper output, int sample, TimeSpan budget)
    {
        this.name = name;
        this.output = output;
        this.sample = sample;
        Budget = budget;
        seed = Host.Seed.Next(output);
    }

    /// <summary>Whether one turn alone is repeated: too little for checks of how much was tried.</summary>
    public static bool IsRepeat => Host.Seed.OnlyTurn != null;

    /// <summary>Whether the long variants run.</summary>
    public static bool IsSoak => Minutes > 0;

    /// <summary>The time this test may take in a soak run; zero in a sample. For tests that hand it on to a program of their own.</summary>
    public TimeSpan Budget { get; }

    /// <summary>The turn under way, from 0.</summary>
    public long Turn => turn;

    /// <summary>The random numbers of this turn: the same ones whenever seed and turn are the same.</summary>
    public Random Random { get; private set; } = new(0);

    /// <summary>What CHUNKSYNC_SEED repeats this turn with.</summary>
    public string Seed => $"{seed}/{turn}";

    private static double Minutes => double.TryParse(
        Environment.GetEnvironmentVariable(MinutesVariable), CultureInfo.InvariantCulture, out double minutes) ? minutes : 0;

    /// <summary>Begins; the test has a <see cref="SoakAttribute"/> of the same name.</summary>
    /// <param name="name">The name in the attribute.</param>
    /// <param name="output">The test's output.</param>
    /// <param name="sample">The number of turns where the time is not given.</param>
    /// <param name="cases">How many cases of a theory share the time.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Effort Start(string name, ITestOutputHelper output, int sample, int cases = 1)
    {
        string only = Environment.GetEnvironmentVariable(OnlyVariable) ?? "";
        List<SoakAttribute> all = [.. Assembly.GetCallingAssembly().GetTypes().SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttribute<FactAttribute>() is { Skip: null })
            .Select(method => method.GetCustomAttribute<SoakAttribute>()).OfType<SoakAttribute>()];
        SoakAttribute own = all.SingleOrDefault(attribute => attribute.Name == name)
            ?? throw new InvalidOperationException($"no test, or more than one, is marked [Soak(\"{name}\")]");
        double weights = all.Where(attribute => attribute == own || attribute.Name.Contains(only, StringComparison.Ordinal))
            .Sum(attribute => attribute.Weight);
        return new(name, output, sample, TimeSpan.FromMinutes(Minutes) * own.Weight / weights / cases);
    }

    /// <summary>Begins the next turn, or says that there is none: the sample is complete, or the time is over.</summary>
    /// <param name="unit">What a turn is, in the plural.</param>
    public bool Next(string unit)
    {
        long? only = Host.Seed.OnlyTurn;
        turn = only == null ? turn + 1 : turn < 0 ? only.Value : only.Value + 1;
        bool goesOn = only != null ? turn == only : IsSoak ? turn == 0 || elapsed.Elapsed < Budget : turn < sample;
        ended = !goesOn;
        if (goesOn)
        {
            // The numbers of two neighbours must have nothing in common: both are spread over all bits first.
            ulong mixed = ((ulong)(uint)seed << 32 | (uint)turn) * 0x9E3779B97F4A7C15;
            Random = new Random((int)((mixed ^ mixed >> 29) * 0xBF58476D1CE4E5B9 >> 32));
            Add(unit, 1);
        }

        return goesOn;
    }

    /// <summary>Counts something else that was tried.</summary>
    /// <param name="unit">What, in the plural and without spaces.</param>
    /// <param name="count">How many more.</param>
    public void Add(string unit, long count) => counts[unit] = counts.GetValueOrDefault(unit) + count;

    /// <summary>How many of a unit were counted so far.</summary>
    public long Count(string unit) => counts.GetValueOrDefault(unit);

    /// <summary>Prints what was tried.</summary>
    public void Dispose()
    {
        string tried = string.Concat(counts.Select(pair => $" {pair.Key}={pair.Value}"));
        string seconds = elapsed.Elapsed.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture);
        string line = $"soak: {name} sqlite={NativeSqlite.Version} seed={seed}{tried} seconds={seconds}";
        output.WriteLine(line);
        if (!ended && turn >= 0)
        {
            output.WriteLine($"stopped in turn {turn}: CHUNKSYNC_SEED={Seed} repeats it alone");
        }

        if (Environment.GetEnvironmentVariable(LogVariable) is { Length: > 0 } log)
        {
            lock (LogLock)
            {
                File.AppendAllText(log, line + (ended || turn < 0 ? "" : $" stopped_in_turn={turn}") + "\n");
            }
        }
    }
}
