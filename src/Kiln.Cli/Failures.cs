using System.Runtime.InteropServices;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;

namespace Kiln.Cli;

/// <summary>Turns what goes wrong into a sentence on standard error and an exit code.</summary>
internal static class Failures
{
    /// <summary>Runs a verb; Ctrl-C and SIGTERM cancel it.</summary>
    public static async Task<int> Guard(Screen screen, Func<CancellationToken, Task<int>> body,
        CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            return await body(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            screen.Say("kiln: interrupted.");
            return ExitCodes.Interrupted;
        }
        catch (CliException failure)
        {
            screen.Say($"kiln: {failure.Message}");
            return failure.ExitCode;
        }
        catch (CallException refusal)
        {
            screen.Say($"kiln: the service refused: {refusal.Message} ({refusal.Code})");
            if (NextStep(refusal.Code) is { } next)
                screen.Say($"      {next}");
            return ExitCodes.Refused;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            screen.Say($"kiln: {failure.Message}");
            return ExitCodes.Failed;
        }
    }

    private static string? NextStep(string code) => code switch
    {
        "UnrecognizedClientException" or "InvalidClientTokenId" or "AuthFailure" =>
            "Check AWS_ACCESS_KEY_ID or AWS_SHARED_CREDENTIALS_FILE: kiln serve prints what to export.",
        "InvalidSignatureException" or "SignatureDoesNotMatch" or "RequestExpired" =>
            "Check the secret key, the Region, and this machine's clock.",
        "ResourceNotFoundException" or "InvalidSnapshot.NotFound" =>
            "Check the id, and that AWS_REGION is the snapshot's Region.",
        "ServiceQuotaExceededException" => "Make room on the service's disk, or delete what is not needed.",
        _ => null,
    };
}
