using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace ChunkSync.Format;

/// <summary>What one side of a boundary relies on and the other one promises: the codec, the cutter, the merge and the clock state it on both sides.
/// Calls are compiled in the configurations Checked, which all tests use, and Debug; in Release neither the call nor its argument is
/// there. What a caller, a file or a payload can get wrong is no check but an error.</summary>
internal static class Check
{
#if CHECKED || DEBUG
    /// <summary>The first check of this thread that did not hold. Whoever catches the exception cannot hide it from the tests.</summary>
    [ThreadStatic]
    private static string? failure;
#endif

    /// <summary>Whether checks are compiled.</summary>
    public static bool IsOn =>
#if CHECKED || DEBUG
        true;
#else
        false;
#endif

    /// <summary>States what must hold here.</summary>
    /// <param name="condition">Costs nothing where checks are off: it is not evaluated.</param>
    /// <param name="text">The condition's source text.</param>
    /// <param name="file">The file it stands in.</param>
    /// <param name="line">Its line.</param>
    /// <exception cref="CheckFailedException">It does not hold: a defect of the engine.</exception>
    [Conditional("CHECKED")]
    [Conditional("DEBUG")]
    public static void That(bool condition, [CallerArgumentExpression(nameof(condition))] string text = "",
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        if (!condition)
        {
            Fail($"{Path.GetFileName(file)}:{line}: {text}");
        }
    }

    /// <summary>The first check of this thread that did not hold since the last call, or null.</summary>
    public static string? TakeFailure()
    {
#if CHECKED || DEBUG
        string? first = failure;
        failure = null;
        return first;
#else
        return null;
#endif
    }

    private static void Fail(string text)
    {
#if CHECKED || DEBUG
        failure ??= text;
#endif
        throw new CheckFailedException(text);
    }
}
