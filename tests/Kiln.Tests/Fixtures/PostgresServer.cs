using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Kiln.Tests.Fixtures;

/// <summary>A PostgreSQL of Debian's package, started by the first test that needs it, on a free port; gone after the
/// last.</summary>
public sealed class PostgresServer : IDisposable
{
    /// <summary>Set to 1, every <see cref="TestServer"/> keeps its rows on PostgreSQL instead of SQLite.</summary>
    public const string Switch = "KILN_TEST_POSTGRES";

    private static readonly Lazy<PostgresServer> Started = new(() => new PostgresServer());
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-pg-").FullName;
    private readonly int _port;
    private int _databases;
    private bool _stopped;

    private PostgresServer()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            _port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }
        // For a run that is broken off: the fixture of the assembly comes first.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
        // PostgreSQL refuses to run as root; Debian's package brings a user for it.
        if (Environment.UserName == "root")
            Run("chown", ["postgres", _folder], asPostgres: false);
        Run(Binary("initdb"), ["-D", Data, "-U", "kiln", "--auth=trust", "-E", "UTF8",
            // A language's order, as on most servers in the field: nothing may rely on the server ordering by bytes.
            "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"], quiet: true);
        // The folder lives as long as the test process: nothing here has to survive a power cut.
        Run(Binary("pg_ctl"),
            ["-D", Data, "-s", "-w", "-l", Path.Combine(_folder, "log"), "-o",
             $"-p {_port} -k {_folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=400", "start"]);
    }

    /// <summary>Why there is none on this machine, or null.</summary>
    public static string? Missing => BinaryFolder is null ? "PostgreSQL is not installed (Debian: postgresql)." : null;

    /// <summary>Whether tests are to run on PostgreSQL.</summary>
    public static bool Wanted => Environment.GetEnvironmentVariable(Switch) == "1";

    /// <summary>The address of a new, empty database.</summary>
    public static string NewDatabase()
    {
        var server = Started.Value;
        var name = $"kiln{Interlocked.Increment(ref server._databases)}";
        server.Execute($"CREATE DATABASE {name}");
        return $"postgres://kiln@127.0.0.1:{server._port}/{name}?Maximum Pool Size=20";
    }

    /// <summary>Removes a database that <see cref="NewDatabase"/> made: hundreds of them would fill the disk.</summary>
    public static void Drop(string address) =>
        Started.Value.Execute($"DROP DATABASE {new Uri(address).AbsolutePath.Trim('/')} WITH (FORCE)");

    /// <summary>Stops what was started.</summary>
    public static void StopIfStarted()
    {
        if (Started.IsValueCreated)
            Started.Value.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_stopped)
            return;
        _stopped = true;
        Run(Binary("pg_ctl"), ["-D", Data, "-s", "-m", "immediate", "stop"]);
        Directory.Delete(_folder, recursive: true);
    }

    private static string? BinaryFolder => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin"))
            .Where(d => File.Exists(Path.Combine(d, "initdb"))).OrderByDescending(d => d).FirstOrDefault()
        : null;

    private string Data => Path.Combine(_folder, "data");

    private static string Binary(string name) =>
        Path.Combine(BinaryFolder ?? throw new InvalidOperationException(Missing), name);

    private static void Run(string program, string[] arguments, bool asPostgres = true, bool quiet = false)
    {
        var drop = asPostgres && Environment.UserName == "root";
        var start = new ProcessStartInfo(
            drop ? "runuser" : program, drop ? ["-u", "postgres", "--", program, .. arguments] : arguments)
        {
            // A daemon that inherits our pipes would keep whoever reads them waiting for ever: pg_ctl is told to be
            // quiet instead.
            RedirectStandardOutput = quiet, UseShellExecute = false, WorkingDirectory = "/",
        };
        using var process = Process.Start(start)!;
        if (quiet)
            process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    private void Execute(string statement)
    {
        using var connection =
            new NpgsqlConnection($"Host=127.0.0.1;Port={_port};Username=kiln;Database=postgres");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The names in it are ours.
        command.CommandText = statement;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
