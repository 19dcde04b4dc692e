using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>A client of the agent inside one machine (qemu-guest-agent); got from <see cref="GuestAgents"/>.</summary>
/// <remarks>
/// The port serves one client at a time, so exchanges take turns. The agent is the tenant's software: it may be
/// missing, silent, or lie. Every exchange has a deadline and its answer a limit, and what the agent says is only ever
/// shown to the machine's own owner. Thread-safe.
/// </remarks>
public sealed class GuestAgent(string socketPath, TimeProvider wall) : IDisposable
{
    /// <summary>The usual deadline of an exchange, the wait for one's turn included.</summary>
    public static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(5);

    // Of most answers; a list of interfaces has some KB. An agent is asked every few seconds, and all may lie at once.
    private const int LineBytesMax = 1 << 20;

    // guest-exec keeps 16 MiB of each stream, a third more in base64.
    private const int OutputBytesMax = 48 << 20;

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>When the agent last answered; null when it has not since Kiln started.</summary>
    public DateTimeOffset? HeardAt { get; private set; }

    /// <summary>Whether it was told to thaw and did not say that it has: its file systems may still rest.</summary>
    public bool OwesThaw { get; private set; }

    /// <summary>Whether the agent answers now.</summary>
    public async Task<bool> Ping(CancellationToken cancel, TimeSpan? limit = null)
    {
        try
        {
            await Ask("guest-ping", null, cancel, limit ?? TimeSpan.FromSeconds(1));
            return true;
        }
        catch (Exception failure) when (failure is IOException or QmpException)
        {
            return false;
        }
    }

    /// <summary>Freezes every file system, and keeps others from the agent, until the result is disposed.</summary>
    /// <param name="ended">Told when they have been thawed, with the reason where it was not the disposal.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="QmpException">The agent refuses.</exception>
    /// <exception cref="IOException">The agent does not answer in time; it has been told to thaw all the
    /// same.</exception>
    public async Task<GuestFreeze> Freeze(Action<string?> ended, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(AnswerMax, wall);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        await InTime("its turn", () => _turn.WaitAsync(both.Token), cancel);
        try
        {
            await InTime("guest-fsfreeze-freeze", () => Exchange("guest-fsfreeze-freeze", null, both.Token), cancel);
            return new GuestFreeze(this, wall, ended);
        }
        catch
        {
            // It may have frozen after all: nobody must wait for ever because we did not hear of it.
            await EndFreeze();
            throw;
        }
    }

    /// <summary>Thaws every file system; the number that were frozen.</summary>
    /// <exception cref="QmpException">The agent refuses.</exception>
    /// <exception cref="IOException">The agent does not answer in time.</exception>
    public async Task<long> Thaw(CancellationToken cancel)
    {
        var thawed = Number(await Ask("guest-fsfreeze-thaw", null, cancel, AnswerMax));
        OwesThaw = false;
        return thawed;
    }

    /// <summary>Whether file systems are frozen.</summary>
    /// <exception cref="QmpException">The agent refuses.</exception>
    /// <exception cref="IOException">The agent does not answer in time.</exception>
    public async Task<bool> IsFrozen(CancellationToken cancel) =>
        (await Ask("guest-fsfreeze-status", null, cancel)) is { ValueKind: JsonValueKind.String } status
        && status.GetString() == "frozen";

    /// <summary>Starts a program in the machine; its number for <see cref="ExecStatus"/>.</summary>
    /// <param name="path">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment"><c>NAME=value</c> each; empty for the agent's own.</param>
    /// <param name="input">Its standard input, or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="QmpException">The agent refuses, e.g. because there is no such program.</exception>
    /// <exception cref="IOException">The agent does not answer in time.</exception>
    public async Task<long> Exec(
        string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, byte[]? input,
        CancellationToken cancel)
    {
        var ask = new JsonObject
        {
            ["path"] = path,
            ["arg"] = new JsonArray([.. arguments.Select(a => (JsonNode)a)]),
            ["capture-output"] = true,
        };
        if (environment.Count > 0)
            ask["env"] = new JsonArray([.. environment.Select(e => (JsonNode)e)]);
        if (input is not null)
            ask["input-data"] = Convert.ToBase64String(input);
        return Number(await Ask("guest-exec", ask, cancel), "pid");
    }

    /// <summary>How a program stands. The agent forgets one that has ended with this answer.</summary>
    /// <exception cref="QmpException">The agent refuses, e.g. because it does not know the number.</exception>
    /// <exception cref="IOException">The agent does not answer in time.</exception>
    public async Task<GuestExecStatus> ExecStatus(long pid, CancellationToken cancel, TimeSpan? limit = null) =>
        GuestExecStatus.Of(await Ask("guest-exec-status", new JsonObject { ["pid"] = pid }, cancel, limit,
            OutputBytesMax));

    /// <summary>Asks the machine's system to power off. The agent does not answer when it succeeds.</summary>
    /// <exception cref="IOException">There is nobody to ask.</exception>
    public async Task Shutdown(CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            using var deadline = new CancellationTokenSource(AnswerMax, wall);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
            await InTime("guest-shutdown", async () =>
            {
                using var stream = await Synchronise(both.Token);
                await stream.Write("""{"execute":"guest-shutdown"}"""u8.ToArray(), both.Token);
            }, cancel);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Sets the machine's clock.</summary>
    /// <exception cref="QmpException">The agent refuses.</exception>
    /// <exception cref="IOException">The agent does not answer in time.</exception>
    public Task SetTime(DateTimeOffset time, CancellationToken cancel) => Ask(
        "guest-set-time", new JsonObject { ["time"] = (time - DateTimeOffset.UnixEpoch).Ticks * 100 }, cancel);

    /// <summary>What system the machine runs: <c>id</c>, <c>name</c>, <c>pretty-name</c>, <c>version-id</c>,
    /// <c>kernel-release</c>, <c>machine</c>; each may be missing.</summary>
    /// <exception cref="QmpException">The agent refuses.</exception>
    /// <exception cref="IOException">The agent does not answer in time.</exception>
    public Task<JsonElement> OsInfo(CancellationToken cancel) => Ask("guest-get-osinfo", null, cancel);

    /// <summary>The machine's network interfaces: an array of <c>name</c>, <c>hardware-address</c>,
    /// <c>ip-addresses</c>.</summary>
    /// <exception cref="QmpException">The agent refuses.</exception>
    /// <exception cref="IOException">The agent does not answer in time.</exception>
    public Task<JsonElement> NetworkInterfaces(CancellationToken cancel) =>
        Ask("guest-network-get-interfaces", null, cancel);

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>Thaws and gives the turn back; called once by <see cref="GuestFreeze"/>.</summary>
    internal async Task EndFreeze()
    {
        try
        {
            await ThawInTurn();
        }
        finally
        {
            _turn.Release();
        }
    }

    // Bounded, and never cancelled: a file system that stays frozen is worse than a call that takes longer.
    private async Task ThawInTurn()
    {
        using var deadline = new CancellationTokenSource(AnswerMax, wall);
        try
        {
            await Exchange("guest-fsfreeze-thaw", null, deadline.Token);
            OwesThaw = false;
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or QmpException
            or SocketException)
        {
            // Not frozen at all, or dead; but what an agent has frozen rests on without it. Who hears of it next thaws.
            OwesThaw = failure is not QmpException;
        }
    }

    private async Task<JsonElement> Ask(
        string command, JsonObject? arguments, CancellationToken cancel, TimeSpan? limit = null,
        int? bytesMax = null)
    {
        using var deadline = new CancellationTokenSource(limit ?? AnswerMax, wall);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        return await InTime(command, async () =>
        {
            await _turn.WaitAsync(both.Token);
            try
            {
                return await Exchange(command, arguments, both.Token, bytesMax);
            }
            finally
            {
                _turn.Release();
            }
        }, cancel);
    }

    private async Task<JsonElement> Exchange(
        string command, JsonObject? arguments, CancellationToken cancel, int? bytesMax = null)
    {
        using var stream = await Synchronise(cancel);
        var ask = new JsonObject { ["execute"] = command };
        if (arguments is not null)
            ask["arguments"] = arguments;
        await stream.Write(JsonSerializer.SerializeToUtf8Bytes<JsonNode>(ask), cancel);
        var answer = await stream.ReadJson(cancel, bytesMax);
        HeardAt = wall.GetUtcNow();
        return answer.TryGetProperty("return", out var result) ? result : throw QmpException.Of(answer);
    }

    // 0xFF clears what the agent has half read; it answers the number behind a 0xFF, so that what it still had to say
    // to somebody else is skipped.
    private async Task<LineStream> Synchronise(CancellationToken cancel)
    {
        var stream = await LineStream.Connect(socketPath, LineBytesMax, cancel);
        try
        {
            var number = RandomNumberGenerator.GetInt32(int.MaxValue);
            var sync = JsonSerializer.SerializeToUtf8Bytes<JsonNode>(new JsonObject
            {
                ["execute"] = "guest-sync-delimited",
                ["arguments"] = new JsonObject { ["id"] = number },
            });
            await stream.Write((byte[])[0xFF, .. sync], cancel);
            while (true)
            {
                await stream.SkipTo(0xFF, OutputBytesMax, cancel);
                var answer = await stream.ReadJson(cancel);
                if (answer.TryGetProperty("return", out var echoed) && Number(echoed) == number)
                    return stream;
            }
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private static async Task<T> InTime<T>(string what, Func<Task<T>> body, CancellationToken cancel)
    {
        try
        {
            return await body();
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException($"The guest agent did not answer {what} in time.");
        }
        catch (SocketException failure)
        {
            throw new IOException("The guest agent's port cannot be reached: " + failure.Message, failure);
        }
    }

    private static Task InTime(string what, Func<Task> body, CancellationToken cancel) => InTime(what, async () =>
    {
        await body();
        return true;
    }, cancel);

    private static long Number(JsonElement answer, string? member = null)
    {
        if (member is not null)
            answer = answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(member, out var inner)
                ? inner : default;
        return answer.ValueKind == JsonValueKind.Number && answer.TryGetInt64(out var number) ? number : -1;
    }
}
