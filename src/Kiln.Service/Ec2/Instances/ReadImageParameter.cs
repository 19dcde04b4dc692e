using Kiln.Service.Calls;

namespace Kiln.Service.Ec2.Instances;

/// <summary>
/// Reads the parameter behind <c>resolve:ssm:NAME</c> with the caller's right to it; null where there is none. Systems
/// Manager stands above EC2, so it hands this down.
/// </summary>
public delegate Task<string?> ReadImageParameter(string name, Call call, CancellationToken cancel);
