using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>A client of QEMU's control socket (QMP): commands with deadlines, and events.</summary>
/// <remarks>
/// Connects with the first command, and again after a connection was lost. QEMU serves one client at a time, so a
/// machine has one of these. What QEMU says is not trusted: a line has a limit, and one that is no answer to a question
/// ends the connection. Thread-safe.
/// </remarks>
public sealed class Qmp(string socketPath, TimeProvider wall) : IDisposable
{
    /// <summary>The usual deadline: QEMU answers within milliseconds unless its host is starved.</summary>
    public static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _gate = new(1);
    private Link? _link;
    private int _lastId;

    /// <summary>Raised on the reader's thread for each event, with its name and data.</summary>
    public event Action<string, JsonElement>? Happened;

    /// <summary>Raised on the reader's thread when a connection ends, mostly because the machine has.</summary>
    public event Action? Lost;

    /// <summary>Runs a command and gives its <c>return</c>.</summary>
    /// <param name="command">E.g. <c>query-status</c>.</param>
    /// <param name="arguments">Its arguments, or null for none.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="limit">The deadline; <see cref="AnswerMax"/> by default.</param>
    /// <exception cref="QmpException">QEMU refuses the command.</exception>
    /// <exception cref="IOException">There is no QEMU, it has gone, or it does not answer in time.</exception>
    public async Task<JsonElement> Execute(
        string command, JsonObject? arguments, CancellationToken cancel, TimeSpan? limit = null)
    {
        using var deadline = new CancellationTokenSource(limit ?? AnswerMax, wall);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        Link? link = null;
        try
        {
            await _gate.WaitAsync(both.Token);
            Task<JsonElement> answer;
            try
            {
                if (_link is not { IsOpen: true })
                {
                    _link?.Dispose();
                    _link = null;
                    _link = await Link.Open(socketPath, Raise, OnLost, both.Token);
                }
                link = _link;
                answer = await link.Send(Interlocked.Increment(ref _lastId), command, arguments, both.Token);
            }
            finally
            {
                _gate.Release();
            }
            return await answer.WaitAsync(both.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // An answer that comes late has no reader; the next command has a connection of its own.
            link?.Dispose();
            throw new IOException($"QEMU did not answer {command} in time.");
        }
        catch (SocketException failure)
        {
            throw new IOException($"QEMU cannot be reached at {socketPath}: {failure.Message}", failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _link?.Dispose();
        _gate.Dispose();
    }

    private void Raise(string name, JsonElement data) => Happened?.Invoke(name, data);

    private void OnLost() => Lost?.Invoke();

    /// <summary>One connection.</summary>
    private sealed class Link : IDisposable
    {
        // The largest real answer, query-qmp-schema, is 200 KB.
        private const int LineBytesMax = 1 << 20;

        private readonly LineStream _stream;
        private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> _waiting = new();

        private Link(LineStream stream) => _stream = stream;

        public bool IsOpen { get; private set; } = true;

        public static async Task<Link> Open(
            string path, Action<string, JsonElement> raise, Action lost, CancellationToken cancel)
        {
            var stream = await LineStream.Connect(path, LineBytesMax, cancel);
            var link = new Link(stream);
            try
            {
                var greeting = await stream.ReadJson(cancel);
                if (!greeting.TryGetProperty("QMP", out _))
                    throw new IOException($"{path} does not speak QMP.");
                await stream.Write("{\"execute\":\"qmp_capabilities\",\"id\":0}"u8.ToArray(), cancel);
                var ready = link.Expect(0);
                _ = Task.Run(() => link.Read(raise, lost), CancellationToken.None);
                await ready.WaitAsync(cancel);
                return link;
            }
            catch
            {
                link.Dispose();
                throw;
            }
        }

        public async Task<Task<JsonElement>> Send(
            int id, string command, JsonObject? arguments, CancellationToken cancel)
        {
            var message = new JsonObject { ["execute"] = command, ["id"] = id };
            if (arguments is not null)
                message["arguments"] = arguments.DeepClone();
            var answer = Expect(id);
            await _stream.Write(JsonSerializer.SerializeToUtf8Bytes<JsonNode>(message), cancel);
            return answer;
        }

        public void Dispose()
        {
            IsOpen = false;
            _stream.Dispose();
        }

        private Task<JsonElement> Expect(int id)
        {
            var source = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting[id] = source;
            if (!IsOpen)
                source.TrySetException(new IOException("QEMU has closed its control socket."));
            return source.Task;
        }

        private async Task Read(Action<string, JsonElement> raise, Action lost)
        {
            Exception end = new IOException("QEMU has closed its control socket.");
            try
            {
                while (true)
                    Take(await _stream.ReadJson(CancellationToken.None), raise);
            }
            catch (Exception failure)
            {
                end = failure as IOException ?? new IOException("QEMU's control socket broke: " + failure.Message);
            }
            Dispose();
            foreach (var waiting in _waiting.Values)
                waiting.TrySetException(end);
            lost();
        }

        private void Take(JsonElement line, Action<string, JsonElement> raise)
        {
            if (line.TryGetProperty("event", out var name))
            {
                raise(name.GetString() ?? "", line.TryGetProperty("data", out var data) ? data : default);
                return;
            }
            if (!line.TryGetProperty("id", out var id) || !id.TryGetInt32(out var number)
                || !_waiting.TryRemove(number, out var waiting))
                return;
            if (line.TryGetProperty("return", out var result))
                waiting.TrySetResult(result);
            else
                waiting.TrySetException(QmpException.Of(line));
        }
    }
}
