using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ChunkSync.Bench.Worker;

/// <summary>The runner's side of a worker: one process per engine, started again when it died or was stopped.</summary>
/// <param name="library">The extension that the worker loads, or null.</param>
internal sealed class WorkerProcess(string? library) : IDisposable
{
    private Process? process;

    /// <summary>Runs one operation; a crash or a run that takes too long is a result, too.</summary>
    /// <param name="request">The operation.</param>
    /// <param name="limit">The longest time it may take.</param>
    public Measurement Run(Request request, TimeSpan limit)
    {
        process ??= Start();
        process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        process.StandardInput.Flush();
        Task<string?> answer = process.StandardOutput.ReadLineAsync();
        if (!answer.Wait(limit))
        {
            Stop();
            return new Measurement { Failure = string.Create(CultureInfo.InvariantCulture, $"stopped after {limit.TotalSeconds:F0} s") };
        }

        if (answer.Result is string line)
        {
            return JsonSerializer.Deserialize<Measurement>(line)!;
        }

        process.WaitForExit();
        int code = process.ExitCode;
        Stop();
        return new Measurement { Failure = $"the process ended with code {code}" };
    }

    public void Dispose() => Stop();

    private Process Start()
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(WorkerProcess).Assembly.Location);
        }

        start.ArgumentList.Add("--worker");
        start.ArgumentList.Add(library ?? "");
        return Process.Start(start)!;
    }

    private void Stop()
    {
        if (process is { HasExited: false })
        {
            process.Kill();
        }

        process?.Dispose();
        process = null;
    }
}
