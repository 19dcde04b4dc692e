using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>What a machine was started with: kept beside it, so that a service that starts takes it up again.</summary>
/// <param name="InstanceId">The instance.</param>
/// <param name="Architecture">The image's architecture.</param>
/// <param name="Accelerator"><c>kvm</c> or <c>tcg</c>.</param>
/// <param name="StartedAt">When, by the wall clock.</param>
/// <param name="Network">How it is connected.</param>
/// <param name="User">The user it runs as, where that is not Kiln's own.</param>
/// <param name="Restarts">Whether it shuts down in order to start again: RebootInstances was called.</param>
/// <param name="Boots">Whether firmware finds something to start on one of the disks.</param>
public sealed record LaunchRecord(
    string InstanceId, string Architecture, string Accelerator, DateTimeOffset StartedAt, GuestNetworkPlan Network,
    uint? User, bool Restarts = false, bool Boots = true)
{
    // Some thirty arguments of a network plan; a file that is larger is not ours.
    private const int BytesMax = 64 * 1024;

    /// <summary>Reads a machine's record; null where there is none that can be read.</summary>
    public static LaunchRecord? Read(GuestFolder folder)
    {
        try
        {
            using var file = Posix.OpenPlain(folder.LaunchRecord);
            return file.Length > BytesMax ? null
                : JsonSerializer.Deserialize(file, LaunchRecordJson.Default.LaunchRecord);
        }
        catch (Exception failure) when (failure is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes it in one step, so that a crash leaves the old one or the new one.</summary>
    public void Write(GuestFolder folder)
    {
        var made = folder.LaunchRecord + ".new";
        File.WriteAllBytes(made, JsonSerializer.SerializeToUtf8Bytes(this, LaunchRecordJson.Default.LaunchRecord));
        File.Move(made, folder.LaunchRecord, overwrite: true);
    }
}

/// <summary>Its JSON.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(LaunchRecord))]
internal sealed partial class LaunchRecordJson : JsonSerializerContext;
