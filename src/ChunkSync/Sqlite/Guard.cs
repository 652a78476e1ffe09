using System.Runtime.CompilerServices;
using System.Text;
using ChunkSync.Format;

namespace ChunkSync.Sqlite;

/// <summary>The one error path from managed code into SQLite. Every entry point has a single try around its body and hands
/// whatever it catches to one of these methods, which never throw themselves.</summary>
internal static unsafe class Guard
{
    private const int FirstWithMalloc64 = 3_008_007;

    /// <summary>Reports a failure as the result of an SQL function or column.</summary>
    /// <param name="context">The <c>sqlite3_context*</c>.</param>
    /// <param name="failure">What was caught.</param>
    /// <param name="where">The function or table.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Result(nint context, Exception failure, string where)
    {
        FailureNote.Note(failure);
        int code = CodeOf(failure);
        if (code == ResultCode.NoMem)
        {
            Sqlite3.Api->result_error_nomem(context);
            return;
        }

        try
        {
            byte[] text = Encoding.UTF8.GetBytes(TextOf(failure, where));
            fixed (byte* bytes = text)
            {
                byte none = 0;
                Sqlite3.Api->result_error(context, text.Length == 0 ? &none : bytes, text.Length);
            }

            Sqlite3.Api->result_error_code(context, code);
        }
        catch (OutOfMemoryException)
        {
            Sqlite3.Api->result_error_nomem(context);
        }
    }

    /// <summary>Reports a failure as a result code with a message in <c>*message</c> (<c>zErrMsg</c>, <c>pzErrMsg</c>), which
    /// SQLite frees.</summary>
    /// <param name="message">Where the message goes; may be null.</param>
    /// <param name="failure">What was caught.</param>
    /// <param name="where">The table.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Message(byte** message, Exception failure, string where)
    {
        FailureNote.Note(failure);
        int code = CodeOf(failure);
        if (message == null || code == ResultCode.NoMem)
        {
            return code;
        }

        try
        {
            Sqlite3.Api->free(*message);
            *message = null;
            *message = Sqlite3.CopyUtf8(TextOf(failure, where));
            return code;
        }
        catch (OutOfMemoryException)
        {
            return ResultCode.NoMem;
        }
    }

    /// <summary>Like <see cref="Message"/>, for a failure to load: the table of routines may be one that was not accepted. SQLite has
    /// <c>sqlite3_malloc64</c> since 3.8.7.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int MessageWith(SqliteApi* api, byte** message, Exception failure)
    {
        FailureNote.Note(failure);
        try
        {
            byte[] text = Encoding.UTF8.GetBytes(TextOf(failure, "loading"));
            bool canAllocate = message != null && api->libversion_number() >= FirstWithMalloc64 && api->malloc64 != null;
            byte* copy = canAllocate ? (byte*)api->malloc64((ulong)text.Length + 1) : null;
            if (copy != null)
            {
                text.CopyTo(new Span<byte>(copy, text.Length));
                copy[text.Length] = 0;
                *message = copy;
            }

            return CodeOf(failure);
        }
        catch (OutOfMemoryException)
        {
            return ResultCode.NoMem;
        }
    }

    /// <summary>The end of a failure in a destructor, which cannot report it: what could be released is released.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Swallow(Exception failure) => _ = failure;

    /// <summary>What the user sees. A failure that is not the engine's own is a defect of ours: the text says where, so that it can be
    /// reported.</summary>
    private static string TextOf(Exception failure, string where) => failure is EngineException
        ? failure.Message
        : $"chunksync {ProductInfo.Version}: internal error in {where} ({failure.GetType().Name}: {failure.Message}); this is a defect, please"
            + " report it together with the statement";

    /// <summary>The SQLite code for a caught exception. Anything but the engine's own and memory is a defect of ours and
    /// shows as SQLITE_ERROR with the exception's text. A code that says that all is well would make a host loop without end.</summary>
    private static int CodeOf(Exception failure) => failure switch
    {
        EngineException engine => ResultCode.IsFailure(engine.Code) ? engine.Code : ResultCode.Error,
        OutOfMemoryException => ResultCode.NoMem,
        _ => ResultCode.Error,
    };
}
