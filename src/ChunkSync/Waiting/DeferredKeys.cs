using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary><c>PRAGMA defer_foreign_keys</c> for a while: what a caller has set stays. It is switched off only while nothing is violated:
/// SQLite forgives what is, and the commit would succeed with a row that refers to nothing.</summary>
internal sealed class DeferredKeys(SyncSession session)
{
    private readonly Connection connection = session.Connection;
    private bool isOurs;

    /// <summary>Switches it on.</summary>
    /// <returns>False where something is violated already, by the caller: it could not be told from what comes.</returns>
    public bool TryTurnOn()
    {
        if (isOurs)
        {
            return true;
        }

        if (connection.HasDeferredViolations)
        {
            return false;
        }

        if (connection.Integer("PRAGMA defer_foreign_keys") == 0)
        {
            isOurs = true;
            session.DeferForeignKeys();
        }

        return true;
    }

    /// <summary>Whether anything is violated.</summary>
    public bool AreViolated => connection.HasDeferredViolations;

    /// <summary>Switches it off, if it was switched on here; what was violated is undone by then.</summary>
    public void TurnOff()
    {
        if (!isOurs)
        {
            return;
        }

        isOurs = false;
        Check.That(!connection.HasDeferredViolations);
        session.RunPragma("PRAGMA defer_foreign_keys = OFF");
    }

    /// <summary>What was written since is undone, because an attempt failed: it is off again, if it was switched on here. Nothing is thrown; the
    /// failure that is under way says more.</summary>
    public void SwitchBack()
    {
        const string Off = "PRAGMA defer_foreign_keys = OFF";
        if (!isOurs)
        {
            return;
        }

        isOurs = false;
        if (connection.IsAutocommit || connection.HasDeferredViolations)
        {
            return;
        }

        try
        {
            session.RunPragma(Off);
        }
        catch (EngineException)
        {
            // Interrupted, perhaps: SQLite has switched it when it has read the statement.
            _ = connection.TryExecute(Off);
        }
    }

    /// <summary>The transaction is gone, and the setting with it.</summary>
    public void Forget() => isOurs = false;
}
