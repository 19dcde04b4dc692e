using System.Globalization;
using System.Reflection;
using System.Runtime.Serialization;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Changes of state as EC2 words them.</summary>
public static class Transition
{
    private const string Code = "Client.UserInitiatedShutdown";

    private static readonly Dictionary<InstanceState, string> Texts = Enum.GetValues<InstanceState>().ToDictionary(
        state => state,
        state => typeof(InstanceState).GetField(state.ToString())!.GetCustomAttribute<EnumMemberAttribute>()!.Value!);

    /// <summary>A change that a caller asked for.</summary>
    public static void ByUser(Instance instance, InstanceState state, DateTimeOffset now) => instance.Become(
        state, now, Code, $"{Code}: User initiated shutdown",
        string.Create(CultureInfo.InvariantCulture, $"User initiated ({now:yyyy-MM-dd HH:mm:ss} GMT)"));

    /// <summary>A state as it is on the wire.</summary>
    public static string Text(this InstanceState state) => Texts[state];
}
